import { render } from 'preact';

import { App } from './app';
import './style/style.css';

const root = document.getElementById('app');
if (root) render(<App />, root);

/* After a deployment the chunks of the page that is open may be gone: it is loaded anew. */
window.addEventListener('vite:preloadError', () => {
  location.reload();
});
