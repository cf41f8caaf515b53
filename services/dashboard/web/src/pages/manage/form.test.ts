import { describe, expect, it } from 'vitest';

import { bodyOf, detailAt, detailsOf, formOf, withDetail } from './form';

describe('the integration’s form', () => {
  it('keeps one model for the form and the JSON of the extra details', () => {
    let details = withDetail({}, 'sftp.username', 'lab');
    expect(details).toEqual({ sftp: { username: 'lab' } });
    details = withDetail(details, 'port', 22);
    expect(detailAt(details, 'sftp.username')).toBe('lab');
    expect(withDetail(details, 'sftp.username', '')).toEqual({ port: 22 });
  });

  it.each(['[1]', '{', '"x"', 'null'])('%s are no extra details', (text) => {
    expect(detailsOf(text)).toBeNull();
  });

  it('sends one action as a number, several as a list', () => {
    const form = { ...formOf(null, null), actions: [1], headers: [{ name: '', value: 'x' }] };
    expect(bodyOf(form, 17, null, null)).toMatchObject({
      lab_id: 17,
      action_category_list_id: 1,
      headers: {},
    });
    expect(bodyOf({ ...form, actions: [1, 2] }, 17, null, null)).toMatchObject({
      action_category_list_id: [1, 2],
    });
  });
});
