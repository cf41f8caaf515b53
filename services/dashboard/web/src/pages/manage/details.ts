/* What the extra details have, as a table: which transport asks for it, of what kind it is. */
import type { TextKey } from '../../text/en';

export type DetailKind =
  | { is: 'text' | 'number' | 'secret' | 'flag' | 'lines' | 'long' }
  | { is: 'word'; words: readonly string[] }
  | { is: 'words'; words: readonly string[] };

export interface Detail {
  path: string;
  kind: DetailKind;
  /** Absent: any. */
  transports?: readonly string[];
  /** Only with this type of `auth`. */
  auth?: readonly string[];
}

export interface DetailSection {
  title: TextKey;
  details: Detail[];
}

const text: DetailKind = { is: 'text' };
const number: DetailKind = { is: 'number' };
const secret: DetailKind = { is: 'secret' };
const flag: DetailKind = { is: 'flag' };
const long: DetailKind = { is: 'long' };
const lines: DetailKind = { is: 'lines' };

const http = ['http'];
const mllp = ['mllp'];
const sftp = ['sftp'];
const fax = ['fax'];

export const transports = ['http', 'mllp', 'sftp', 'fax'] as const;
export const authTypes = ['basic', 'bearer', 'oauth2_client_credentials', 'mtls'] as const;

export const sections: DetailSection[] = [
  {
    title: 'detail.section.address',
    details: [
      { path: 'host', kind: text, transports: ['mllp', 'sftp'] },
      { path: 'port', kind: number, transports: ['mllp', 'sftp'] },
      { path: 'sftp.username', kind: text, transports: sftp },
      { path: 'sftp.password', kind: secret, transports: sftp },
      { path: 'sftp.private_key', kind: secret, transports: sftp },
      { path: 'sftp.host_key_sha256', kind: lines, transports: sftp },
      { path: 'sftp.directory', kind: text, transports: sftp },
      { path: 'sftp.make_directory', kind: flag, transports: sftp },
      { path: 'sftp.file_name', kind: text, transports: sftp },
      { path: 'vendor', kind: text, transports: fax },
      { path: 'fax.access_key', kind: secret, transports: fax },
      { path: 'fax.secret_key', kind: secret, transports: fax },
      { path: 'fax.from', kind: text, transports: fax },
    ],
  },
  {
    title: 'detail.section.auth',
    details: [
      { path: 'auth.type', kind: { is: 'word', words: authTypes }, transports: http },
      { path: 'auth.username', kind: text, transports: http, auth: ['basic'] },
      { path: 'auth.password', kind: secret, transports: http, auth: ['basic'] },
      { path: 'auth.token', kind: secret, transports: http, auth: ['bearer'] },
      { path: 'auth.token_url', kind: text, transports: http, auth: ['oauth2_client_credentials'] },
      { path: 'auth.client_id', kind: text, transports: http, auth: ['oauth2_client_credentials'] },
      {
        path: 'auth.client_secret',
        kind: secret,
        transports: http,
        auth: ['oauth2_client_credentials'],
      },
      { path: 'auth.scope', kind: text, transports: http, auth: ['oauth2_client_credentials'] },
      { path: 'auth.certificate', kind: long, transports: http, auth: ['mtls'] },
      { path: 'auth.private_key', kind: secret, transports: http, auth: ['mtls'] },
      { path: 'x-api-key', kind: secret, transports: ['http', 'fax'] },
      { path: 'webhook_secret', kind: secret, transports: http },
      { path: 'tls.ca', kind: long, transports: ['http', 'mllp'] },
      { path: 'tls.insecure', kind: flag, transports: ['http', 'mllp'] },
    ],
  },
  {
    title: 'detail.section.hl7',
    details: [
      {
        path: 'hl7.version',
        kind: { is: 'word', words: ['2.3', '2.5.1'] },
        transports: ['mllp', 'sftp'],
      },
      { path: 'hl7.receiving_application', kind: text, transports: ['mllp', 'sftp'] },
      { path: 'hl7.receiving_facility', kind: text, transports: ['mllp', 'sftp'] },
      {
        path: 'hl7.id_injection',
        kind: { is: 'words', words: ['msh', 'zid', 'nte', 'none'] },
        transports: ['mllp', 'sftp'],
      },
      { path: 'ack.mode', kind: { is: 'word', words: ['original', 'enhanced'] }, transports: mllp },
      { path: 'ack.timeout_ms', kind: number, transports: mllp },
      { path: 'ack.await_downstream', kind: flag, transports: mllp },
    ],
  },
  {
    title: 'detail.section.pace',
    details: [
      { path: 'timeout_ms', kind: number },
      { path: 'rate_limit_per_second', kind: number },
      { path: 'rate_limit_group', kind: text },
      { path: 'max_concurrency', kind: number },
      { path: 'ordered_by', kind: { is: 'word', words: ['patient', 'bill', 'accession'] } },
      { path: 'auto_retry.max', kind: number },
      { path: 'auto_retry.patterns', kind: lines },
    ],
  },
];

/** Those that apply, a section without any left out. */
export function shownSections(transport: string, auth: string): DetailSection[] {
  const applies = (one: Detail): boolean =>
    (!one.transports || one.transports.includes(transport)) &&
    (!one.auth || one.auth.includes(auth));
  return sections
    .map((section) => ({ ...section, details: section.details.filter(applies) }))
    .filter((section) => section.details.length > 0);
}

/** How a secret comes from the server: it is there, and stays unless another is given. */
export const maskedSecret = '***';

/** What a field's text stands for. */
export function valueOf(kind: DetailKind, said: string): unknown {
  if (said === '') return '';
  if (kind.is === 'number') return Number(said);
  if (kind.is === 'lines')
    return said
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean);
  return said;
}

export const textOf = (value: unknown): string =>
  Array.isArray(value)
    ? value.map(String).join('\n')
    : value === undefined || value === null
      ? ''
      : String(value);
