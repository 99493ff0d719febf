//! Files that only their owner may read, and folders that only their owner may open, whatever the umask.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};
use uuid::Uuid;

/// The name of a file that is not whole yet, or is for a moment only. Nobody else has it, so whoever made the file, and nobody else, removes it: when this is
/// dropped.
#[derive(Debug)]
pub struct Part(PathBuf);

impl Part {
    /// In the folder of another file; it is not made yet.
    #[must_use]
    pub fn beside(file: &Path) -> Self {
        Self(file.with_added_extension(format!("{}.part", Uuid::new_v4())))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        match fs::remove_file(&self.0) {
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(error) => tracing::error!(%error, file = %self.0.display(), "a copy that is not needed any more is left here; remove it"),
            Ok(()) => {}
        }
    }
}

/// Makes a file that is not there yet.
///
/// # Errors
/// Where it is there, or cannot be made.
pub fn create(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

/// Makes a file where there is none, and takes others' rights to it away where there is.
///
/// # Errors
/// Where it can be neither made nor changed.
pub fn keep(file: &Path) -> io::Result<()> {
    match create(file) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => narrow(file),
        made => made.map(drop),
    }
}

/// Takes others' rights to a file away, and says so in the log. One that is not there, or belongs to somebody else, is left alone.
///
/// # Errors
/// Where the file cannot be looked at or changed.
pub fn narrow(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = match fs::metadata(file) {
            Ok(found) => found.permissions().mode() & 0o7777,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(e),
        };
        if mode & 0o077 == 0 {
            return Ok(());
        }
        match fs::set_permissions(file, PermissionsExt::from_mode(mode & 0o700)) {
            Err(e) if e.kind() == ErrorKind::PermissionDenied => tracing::debug!(file = %file.display(), "a file of somebody else's that others may read"),
            done => {
                done?;
                tracing::warn!(file = %file.display(), was = format!("{mode:o}"), "others could read this file; now its owner only");
            }
        }
    }
    Ok(())
}

/// Makes a folder, and those that it lies in, where there is none.
///
/// # Errors
/// Where one cannot be made.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes the folder that a file lies in, where there is none.
///
/// # Errors
/// Where one cannot be made.
pub fn make_folder_of(file: &Path) -> io::Result<()> {
    match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => make_folder(folder),
        None => Ok(()),
    }
}
