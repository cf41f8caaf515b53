/* The integration's form: what it holds, what the row has, what is sent. Pure. */
import type { DeveloperAuthentication, Integration } from '../../api/types';

export interface HeaderPair {
  name: string;
  value: string;
}

export interface Form {
  developer_name: string;
  developer_id: string;
  flags: Record<string, unknown>;
  auth_key: string;
  url: string;
  headers: HeaderPair[];
  integration_type: string;
  actions: number[];
  request_type: number;
  payload_type: string;
  template_text: string;
  details: string; // JSON
  org_id: string;
  is_org: boolean;
  is_integration_enable: boolean;
  is_disable: boolean;
  is_batch: boolean;
  is_auto_retry: boolean;
}

export const requestTypes = ['GET', 'POST', 'PUT', 'DELETE'];
export const payloadTypes = ['JSON', 'ORM', 'ADT', 'ORU', 'ORUR01', 'HL7', 'XML', 'FORM', 'TEXT'];
export const integrationTypes = ['WEBHOOK', 'API', 'MIRTH'];

export function formOf(auth: DeveloperAuthentication | null, row: Integration | null): Form {
  return {
    developer_name: auth?.developer_name ?? '',
    developer_id: String(auth?.developer_id ?? ''),
    flags: auth?.flags ?? {},
    auth_key: '',
    url: row?.url ?? '',
    headers: Object.entries(row?.headers ?? {}).map(([name, value]) => ({
      name,
      value: String(value),
    })),
    integration_type: row?.integration_type ?? auth?.integration_type ?? 'WEBHOOK',
    actions: row ? [row.action_category_list_id] : [],
    request_type: row?.request_type ?? 1,
    payload_type: row?.payload_type ?? 'JSON',
    template_text: row?.template_text ?? '',
    details: JSON.stringify(row?.integration_extra_details ?? {}, null, 2),
    org_id: String(row?.org_id ?? auth?.org_id ?? ''),
    is_org: auth?.is_org ?? false,
    is_integration_enable: auth?.is_integration_enable ?? true,
    is_disable: row?.is_disable ?? false,
    is_batch: row?.is_batch ?? false,
    is_auto_retry: row?.is_auto_retry ?? false,
  };
}

/** null: the extra details are no JSON object. */
export function detailsOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text || '{}');
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** Sets a member by its path; "" takes it away, and objects that became empty. */
export function withDetail(
  details: Record<string, unknown>,
  path: string,
  value: unknown,
): Record<string, unknown> {
  const [head = '', ...rest] = path.split('.');
  const next = { ...details };
  if (rest.length === 0) {
    if (value === '' || value === undefined) delete next[head];
    else next[head] = value;
    return next;
  }
  const inner = next[head];
  const object =
    inner !== null && typeof inner === 'object' ? (inner as Record<string, unknown>) : {};
  const changed = withDetail(object, rest.join('.'), value);
  if (Object.keys(changed).length === 0) delete next[head];
  else next[head] = changed;
  return next;
}

export function detailAt(details: Record<string, unknown>, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], details);
}

export function bodyOf(
  form: Form,
  lab: number,
  auth: DeveloperAuthentication | null,
  row: Integration | null,
): Record<string, unknown> {
  return {
    ...(row ? { id: row.id } : {}),
    ...(auth ? { auth_id: auth.id } : {}),
    ...(form.auth_key ? { auth_key: form.auth_key } : {}),
    lab_id: lab,
    developer_name: form.developer_name,
    developer_id: form.developer_id ? Number(form.developer_id) : null,
    flags: form.flags,
    integration_type: form.integration_type,
    is_org: form.is_org,
    org_id: form.org_id ? Number(form.org_id) : null,
    is_integration_enable: form.is_integration_enable,
    action_category_list_id: form.actions.length === 1 ? form.actions[0] : form.actions,
    url: form.url,
    request_type: form.request_type,
    headers: Object.fromEntries(form.headers.filter((h) => h.name).map((h) => [h.name, h.value])),
    payload_type: form.payload_type,
    template_text: form.template_text || null,
    integration_extra_details: detailsOf(form.details) ?? {},
    is_batch: form.is_batch,
    is_auto_retry: form.is_auto_retry,
    is_disable: form.is_disable,
  };
}
