import { expect, it } from 'vitest';

import type { Log } from '../../api/types';

import { asCurl } from './curl';

it('leaves secrets out and quotes the rest', () => {
  const log = {
    request_type: 2,
    end_point: "https://x/?a='b",
    request_headers: { authorization: '***abcd', 'content-type': 'application/json' },
    request_body: `{"a":"$(rm)'"}`,
  } as unknown as Log;
  expect(asCurl(log)).toBe(
    `curl -X PUT 'https://x/?a='\\''b' -H 'authorization: <secret>' -H 'content-type: application/json' --data-binary '{"a":"$(rm)'\\''"}'`,
  );
});
