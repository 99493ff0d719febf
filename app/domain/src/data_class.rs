//! The classes of data, and values that there are for each of them.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
};
use std::{
    array,
    collections::BTreeMap,
    fmt,
    iter::{Copied, Zip},
    marker::PhantomData,
    ops::{Index, IndexMut},
    slice::Iter,
    str::FromStr,
};

/// Makes the enum from its variants and their names, so that there is no second list of them.
macro_rules! classes {
    ($($(#[doc = $doc:literal])+ $variant:ident $name:ident),+ $(,)?) => {
        /// The kinds of data an organisation decides about separately.
        ///
        /// To add one: a line below, and what the compiler then asks for. No rule, confirmation or default that was written before speaks of it, and
        /// what is not spoken of is [`Level::None`](crate::Level::None): of organisations that have confirmed before, nobody sees anything of it. A class whose
        /// table others than its owner read also has its policies beside that table in PostgreSQL's migrations.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum DataClass {
            $($(#[doc = $doc])+ $variant),+
        }

        impl DataClass {
            pub const ALL: [Self; [$(stringify!($name)),+].len()] = [$(Self::$variant),+];

            /// The word of API, forms and database.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($name)),+
                }
            }
        }

        /// The name of a class as a literal, for SQL that is put together when it is compiled: `class_name!(posture)`. What is no class does not compile.
        #[macro_export]
        macro_rules! class_name {
            $(($name) => { stringify!($name) };)+
        }
    };
}

classes! {
    /// Metrics, and scores made of them.
    Posture posture,
    /// Security incidents.
    Incidents incidents,
    /// Security events.
    Events events,
    /// Indicators of compromise.
    Indicators indicators,
}

impl DataClass {
    /// Its place among [`DataClass::ALL`], which is for memory only: it is another one as soon as a class is added.
    #[must_use]
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The class that has a name, such as one that was kept.
    ///
    /// # Errors
    /// What says which name is none.
    pub fn named(name: &str) -> Result<Self, String> {
        name.parse().map_err(|e| format!("{name:?} is no class of data: {e}"))
    }

    /// Whether its data are records, each marked by TLP; posture is values, and reaches whoever the rules show it to.
    #[must_use]
    pub const fn has_records(self) -> bool {
        match self {
            Self::Posture => false,
            Self::Incidents | Self::Events | Self::Indicators => true,
        }
    }

    /// The classes whose data are records.
    pub fn of_records() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|class| class.has_records())
    }
}

impl FromStr for DataClass {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|class| class.name() == text).ok_or_else(|| format!("must be one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// A value for each class of data.
///
/// As JSON it is an object with the classes' names. A class that is missing there has the default, which of a [`Level`](crate::Level) is none; so what was
/// written before there was a class reads as if it shared nothing of it. A name that is no class is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ByClass<T>([T; DataClass::ALL.len()]);

impl<T> ByClass<T> {
    /// What a function says of each class.
    pub fn from_fn(mut of: impl FnMut(DataClass) -> T) -> Self {
        Self(array::from_fn(|i| of(DataClass::ALL[i])))
    }

    /// The classes in their order, each with its value.
    pub fn iter(&self) -> <&Self as IntoIterator>::IntoIter {
        self.into_iter()
    }
}

impl<T: Copy> ByClass<T> {
    /// The same for every class.
    #[must_use]
    pub const fn filled(value: T) -> Self {
        Self([value; DataClass::ALL.len()])
    }
}

impl<T: FromStr + Default> ByClass<T> {
    /// Reads what a form says of each class, in the field of its name; other fields are none of it. The form must speak of every class: the word of one that
    /// is missing is empty.
    ///
    /// # Errors
    /// The first word that cannot be read.
    pub fn of_form(fields: &BTreeMap<String, String>) -> Result<Self, T::Err> {
        let mut all = Self::default();
        for class in DataClass::ALL {
            all[class] = fields.get(class.name()).map_or("", String::as_str).parse()?;
        }
        Ok(all)
    }
}

impl<T> Index<DataClass> for ByClass<T> {
    type Output = T;

    fn index(&self, class: DataClass) -> &T {
        &self.0[class as usize]
    }
}

impl<T> IndexMut<DataClass> for ByClass<T> {
    fn index_mut(&mut self, class: DataClass) -> &mut T {
        &mut self.0[class as usize]
    }
}

impl<'a, T> IntoIterator for &'a ByClass<T> {
    type Item = (DataClass, &'a T);
    type IntoIter = Zip<Copied<Iter<'static, DataClass>>, Iter<'a, T>>;

    fn into_iter(self) -> Self::IntoIter {
        DataClass::ALL.iter().copied().zip(&self.0)
    }
}

impl<T: Serialize> Serialize for ByClass<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(class, value)| (class.name(), value)))
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for ByClass<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Named(PhantomData))
    }
}

struct Named<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Named<T> {
    type Value = ByClass<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value for each class of data, by its name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ByClass<T>, A::Error> {
        let mut values: ByClass<Option<T>> = ByClass::default();
        while let Some(name) = map.next_key::<String>()? {
            let class = DataClass::named(&name).map_err(A::Error::custom)?;
            if values[class].replace(map.next_value()?).is_some() {
                return Err(A::Error::custom(format!("{name:?} is there twice")));
            }
        }
        Ok(ByClass(values.0.map(Option::unwrap_or_default)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use proptest::prelude::*;

    #[test]
    fn a_class_has_one_name_everywhere() {
        for (i, class) in DataClass::ALL.into_iter().enumerate() {
            assert_eq!((serde_json::to_value(class).unwrap(), class.code() as usize), (class.name().into(), i));
            assert_eq!(class.name().parse(), Ok(class));
        }
        assert_eq!((class_name!(posture), class_name!(indicators)), (DataClass::Posture.name(), DataClass::Indicators.name()));
        assert_eq!("weather".parse::<DataClass>(), Err("must be one of posture, incidents, events, indicators".to_owned()));
    }

    #[test]
    fn what_is_no_class_is_refused_by_name() {
        let read = |text: &str| serde_json::from_str::<ByClass<Level>>(text).map_err(|e| e.to_string());
        assert!(read(r#"{"posture":"detail","weather":"none"}"#).is_err_and(|e| e.starts_with(r#""weather" is no class of data: must be one of posture, "#)));
        assert!(read(r#"{"posture":"detail","posture":"none"}"#).is_err_and(|e| e.starts_with(r#""posture" is there twice"#)));
        assert!(read(r#"{"posture":"much"}"#).is_err_and(|e| e.contains("much")));
        assert!(read(r#"["detail","detail","detail","detail"]"#).is_err(), "what counts on an order is not read");
    }

    #[test]
    fn a_form_that_does_not_speak_of_every_class_is_not_read() {
        let mut fields: BTreeMap<String, String> = DataClass::ALL.into_iter().map(|class| (class.name().to_owned(), "summary".to_owned())).collect();
        fields.insert("reason".to_owned(), "agreed".to_owned());
        assert_eq!(ByClass::of_form(&fields), Ok(ByClass::filled(Level::Summary)));
        for word in [Some(String::new()), Some("much".to_owned()), None] {
            let mut fields = fields.clone();
            match word {
                Some(word) => drop(fields.insert("events".to_owned(), word)),
                None => drop(fields.remove("events")),
            }
            assert!(ByClass::<Level>::of_form(&fields).is_err(), "{fields:?}");
        }
    }

    proptest! {
        /// What was written before there was a class, and so says nothing of it, shares none of it, and says the same of all others.
        #[test]
        fn what_is_not_spoken_of_is_none(levels in prop::collection::vec(0..Level::ALL.len(), DataClass::ALL.len()), missing in 0..DataClass::ALL.len()) {
            let (all, missing) = (ByClass::from_fn(|class| Level::ALL[levels[class as usize]]), DataClass::ALL[missing]);
            let mut json = serde_json::to_value(all).unwrap();
            prop_assert_eq!(json.as_object().unwrap().len(), DataClass::ALL.len());
            prop_assert_eq!(serde_json::from_value::<ByClass<Level>>(json.clone()).unwrap(), all);
            json.as_object_mut().unwrap().remove(missing.name());
            let read: ByClass<Level> = serde_json::from_value(json).unwrap();
            for class in DataClass::ALL {
                prop_assert_eq!(read[class], if class == missing { Level::None } else { all[class] });
            }
        }
    }
}
