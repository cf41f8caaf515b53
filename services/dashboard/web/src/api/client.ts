/* The API: fetch with deadlines, problem details (RFC 9457) and CSRF protection. */

export interface FieldError {
  pointer: string;
  detail: string;
}

/** Every failure of a call, a broken network included. */
export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly errors: FieldError[];
  readonly retryAfter: number;
  readonly requestId: string;
  readonly body: Record<string, unknown>;

  constructor(status: number, body: Record<string, unknown>, headers?: Headers) {
    const title = typeof body['title'] === 'string' ? body['title'] : '';
    super(title);
    this.status = status;
    this.title = title;
    this.detail = typeof body['detail'] === 'string' ? body['detail'] : '';
    this.errors = Array.isArray(body['errors']) ? (body['errors'] as FieldError[]) : [];
    this.retryAfter = Number(headers?.get('retry-after') ?? 0);
    this.requestId = typeof body['request_id'] === 'string' ? body['request_id'] : '';
    this.body = body;
  }

  /** 0: no answer came, -1: none in time. */
  static readonly offline = 0;
  static readonly late = -1;
}

type Query = Record<string, string | number | boolean | undefined | null>;

export interface CallOptions {
  query?: Query;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

const deadlineMs = 30_000;
let onExpired: () => void = () => undefined;
let csrfToken = '';

/** What unsafe calls of this session carry. */
export function setCsrfToken(token: string | null): void {
  csrfToken = token ?? '';
}

/** What happens when a session has ended. */
export function whenExpired(then: () => void): void {
  onExpired = then;
}

export function queryText(query: Query | undefined): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {}))
    if (value !== undefined && value !== null && value !== '') params.set(key, String(value));
  const text = params.toString();
  return text ? `?${text}` : '';
}

async function readBody(answer: Response): Promise<unknown> {
  const text = await answer.text();
  if (!text) return {};
  try {
    return JSON.parse(text);
  } catch {
    return { title: text.slice(0, 200) };
  }
}

async function ask(method: string, path: string, options: CallOptions): Promise<Response> {
  const deadline = AbortSignal.timeout(deadlineMs);
  const headers: Record<string, string> = { accept: 'application/json', ...options.headers };
  if (method !== 'GET' && csrfToken) headers['x-csrf-token'] = csrfToken;
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  let answer: Response;
  try {
    answer = await fetch(`/api/v1/${path}${queryText(options.query)}`, {
      method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: options.signal ? AbortSignal.any([options.signal, deadline]) : deadline,
      ...(options.body !== undefined ? { body: JSON.stringify(options.body) } : {}),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Problem(deadline.aborted ? Problem.late : Problem.offline, {});
  }
  const date = answer.headers.get('date');
  if (date) noteServerTime(date);
  if (answer.ok) return answer;
  const body = await readBody(answer);
  if (answer.status === 401 && path !== 'session') onExpired();
  throw new Problem(answer.status, body as Record<string, unknown>, answer.headers);
}

/** One call of the API. */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  return (await readBody(await ask(method, path, options))) as T;
}

/** What is no JSON: a file to be kept. Free text of its query stays out of every address. */
export async function getFile(
  path: string,
  query: Query,
): Promise<{ blob: Blob; headers: Headers }> {
  const answer = await ask('GET', path, { query, headers: { accept: 'text/csv' } });
  return { blob: await answer.blob(), headers: answer.headers };
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  call<T>('GET', path, { ...(query ? { query } : {}), ...(signal ? { signal } : {}) });

export const post = <T>(path: string, body: unknown = {}): Promise<T> =>
  call<T>('POST', path, { body });

/* The browser's clock may be wrong: ages are counted on the server's. */
let skewMs = 0;

function noteServerTime(date: string): void {
  const server = Date.parse(date);
  if (!Number.isNaN(server)) {
    const skew = server - Date.now();
    if (Math.abs(skew - skewMs) > 2000) skewMs = skew;
  }
}

export function serverNow(): number {
  return Date.now() + skewMs;
}
