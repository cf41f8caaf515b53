import { defineConfig } from 'vite';

// While working on the page: vite with the API of a running stack (./dev env).
const { DASHBOARD_URL, ADMIN_TOKEN } = process.env;
const api = {
  target: DASHBOARD_URL ?? 'http://127.0.0.1:18040',
  ...(ADMIN_TOKEN ? { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } } : {}),
};

// The strict content-security policy rules out inlined assets and the preload polyfill.
export default defineConfig({
  base: '/',
  // JSX is compiled by Vite itself; the app needs no plugin.
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: { proxy: { '/api': api } },
  preview: { proxy: { '/api': api } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    emptyOutDir: false, // an open page asks for its own build's files: deploy/local/web.sh
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  worker: { format: 'es' },
});
