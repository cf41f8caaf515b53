import { render } from 'preact';

import { App } from './app';
import { watchForDeployment } from './state/stale';
import './style/base.css';
import './style/controls.css';
import './style/frame.css';
import './style/lists.css';
import './style/log.css';
import './style/forms.css';
import './style/media.css';

const root = document.getElementById('app');
if (root) render(<App />, root);
watchForDeployment();
