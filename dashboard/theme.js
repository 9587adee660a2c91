// The theme that was chosen, before anything is painted: a classic script, so that the page waits for it.
(() => {
  'use strict';
  let theme = null;
  try {
    theme = localStorage.getItem('theme');
  } catch {
    // No storage: the system's theme.
  }
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
})();
