import { describe, expect, it } from 'vitest';

import { hexLines } from './hex';

describe('bytes that are no text', () => {
  it('are shown as they are and as they read', () => {
    expect(hexLines(btoa('\u0000ab\u00ff'))).toBe(`000000  00 61 62 ff${' '.repeat(36)}  .ab.`);
  });
});
