import { defineConfig } from 'vite';

// The strict content-security policy rules out inlined assets and the preload polyfill.
export default defineConfig({
  base: '/',
  // JSX is compiled by Vite itself; the app needs no plugin.
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  worker: { format: 'es' },
});
