// Light or dark. Loaded before the first paint, so that the page never flashes in the other theme. Without a choice the
// system's own setting counts; a choice is remembered in this browser only.
const root = document.documentElement;
const remembered = () => { try { return localStorage.getItem('theme'); } catch { return null; } };
const show = theme => { if (theme === 'light' || theme === 'dark') root.dataset.theme = theme; };

show(remembered());

document.addEventListener('click', event => {
  if (!event.target.closest?.('[data-theme-toggle]')) return;
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  const theme = dark ? 'light' : 'dark';
  show(theme);
  try { localStorage.setItem('theme', theme); } catch { /* a browser without storage forgets */ }
});

// The other tabs follow.
addEventListener('storage', event => { if (event.key === 'theme') show(event.newValue); });
