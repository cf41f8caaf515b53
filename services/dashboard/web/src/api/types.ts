/* The shapes of the API (/openapi.json). int64 ids are shown as text, never counted with. */

export type Role = 'viewer' | 'operator' | 'admin';

export interface Me {
  login: string;
  full_name: string;
  role: Role;
  labs: number[] | null; // null: all
  via: 'session' | 'token' | 'admin-token';
  csrf_token: string | null;
}

/** Whatever the page keeps for a person. */
export interface Preferences {
  theme?: 'system' | 'light' | 'dark';
  utc?: boolean;
  keys?: boolean;
  announce?: boolean;
  lists?: Record<string, Record<string, string>>;
  views?: { name: string; tab: string; query: Record<string, string> }[];
  compact?: boolean;
}

/** What a row shows; bodies and headers come only with one log. */
export interface LogRow {
  log_id: string;
  lab_id: number;
  org_id: number | null;
  status: string;
  retry_id: string | null;
  retry_count: number;
  auto_retry_count: number;
  next_auto_retry_at: string | null;
  updated_at: string | null;
  inserted_at: string | null;
  activity_date: string | null;
  integration_type: 'WEBHOOK' | 'API' | null;
  operation: string | null;
  action_category: string | null;
  action_category_list_id: number | null;
  lab_integration_id: number | null;
  auth_id: number | null;
  developer_name: string | null;
  transport: string | null;
  vendor: string | null;
  bill_id: number | null;
  patient_id: number | null;
  lrr_id: number | null;
  report_id: number | null;
  end_point: string | null;
  request_type: number | null;
  response_status_code: number | null;
  response_time: number | null;
  error_kind: string | null;
  error_message: string | null;
  fusion_log: string | null;
  stage: string | null;
  sent_to_mirth: boolean | null;
  triggered_by_py3: boolean | null;
  /** Of a fax, once they are known. */
  pages?: number | null;
  pages_sent?: number | null;
  ip: string | null;
  origin: string | null;
  method: string | null;
  path: string | null;
  /** Absent in what the stream says. */
  masked?: string[];
}

type Headers = Record<string, unknown> | null;

/** One attempt's request and answer. */
export interface Exchange {
  status: string;
  end_point?: string | null;
  request_headers?: Headers;
  request_body?: string | null;
  request_body_truncated?: boolean;
  request_body_size?: number;
  response_headers?: Headers;
  response_body?: string | null;
  response_body_truncated?: boolean;
  response_body_size?: number;
  response_status_code?: number | null;
  response_time?: number | null;
  error_kind?: string | null;
  error_message?: string | null;
  fusion_log?: string | null;
  payload_sha256?: string | null;
  payload_changed?: boolean | null;
  timing?: Record<string, number> | null;
  updated_at?: string | null;
  /** When it was over: of the first attempt, of a retry. */
  ended_at?: string | null;
  completed_at?: string | null;
}

export interface Retry extends Exchange {
  retry_id: string;
  log_id: string;
  kind: 'MANUAL' | 'AUTO';
  requested_by?: string | null;
  requested_at?: string | null;
  attempt: number;
  masked: string[];
}

export interface Check {
  name: string;
  ok: boolean | null;
  detail: string;
}

type ExchangeOfLog = Omit<Exchange, keyof LogRow>;

export interface Log extends LogRow, ExchangeOfLog {
  masked: string[];
  retry_context?: Record<string, unknown> | null;
  event_id?: string | null;
  traceparent?: string | null;
  attempt: number;
  first_attempt?: Exchange | null;
  lane?: string | null;
  checks: Check[];
  hint?: string | null;
}

export interface Items<T> {
  items: T[];
}

export interface Page<T> extends Items<T> {
  next_cursor: string | null;
}

export interface Count {
  count: number;
  capped: boolean;
}

export interface Lab {
  lab_id: number;
  lab_name: string;
}

export interface ActionCategory {
  id: number;
  name: string;
  actions: { id: number; name: string; family: string; triggered_by_py3: boolean }[];
}

export interface DeveloperAuthentication {
  id: number;
  lab_id: number;
  org_id: number | null;
  is_org: boolean;
  developer_id: number | null;
  developer_name: string;
  integration_type: string;
  is_integration_enable: boolean;
  flags: Record<string, unknown>;
  auth_key_hint: string;
  old_auth_keys?: { hint: string; valid_until: string }[];
  n_integrations: number;
}

export interface Integration {
  id: number;
  auth_id: number;
  lab_id: number;
  action_category_list_id: number;
  operation: string;
  url: string;
  request_type: number;
  headers: Record<string, unknown>;
  integration_type: string;
  payload_type: string;
  template_text: string | null;
  integration_extra_details: Record<string, unknown>;
  org_id: number | null;
  is_batch: boolean;
  is_auto_retry: boolean;
  is_auto_retry_since: string | null;
  is_disable: boolean;
  version: number;
  updated_at: string;
  transport: string;
  config_error: string | null;
}

export interface IntegrationSaved {
  auth_id: number;
  auth_key: string | null;
  old_auth_key_until?: string | null;
  integrations: Integration[];
  created: boolean;
}

export interface HistoryEntry {
  version: number;
  at: string;
  actor: string;
  action: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

export interface LogGroup {
  auth_id: number | null;
  developer_name: string | null;
  lab_id: number;
  error_kind: string | null;
  error: string;
  count: number;
  first_at: string | null;
  last_at: string | null;
  log_id: string;
  over_time: number[];
}

export interface Activity {
  id: number;
  lab_id: number;
  bill_id: number | null;
  note: string;
  source: string;
  created_at: string;
}

/** What a downstream or a vendor said later of a log. */
export interface LaterWord {
  log_id: string;
  status: string;
  developer_name?: string | null;
  operation?: string | null;
  vendor?: string | null;
  fusion_log?: string | null;
  error_message?: string | null;
}

export interface TraceItem {
  kind: 'log' | 'retry' | 'callback' | 'activity';
  at: string;
  log?: LogRow | null;
  retry?: Partial<Retry> | null;
  callback?: LaterWord | null;
  activity?: Activity | null;
}

export interface Trace {
  kind: string;
  id: string;
  items: TraceItem[];
  capped: boolean;
}

export interface AuditEntry {
  id: number;
  at: string;
  actor: string;
  action: string;
  object: string;
  object_id: string;
  lab_id: number | null;
  detail: Record<string, unknown>;
}

export interface FailedTask {
  id: string;
  at: string;
  reason: string;
  exception: string;
  source_topic: string;
  source_partition: number | null;
  source_offset: number | null;
  key: string | null;
  lab_id: number | null;
  size: number;
  value: string | null;
  value_base64: string | null;
  truncated: boolean;
  masked: string[];
}

export interface RetryPreview {
  preview_id: string;
  expires_at?: string;
  cut_off_at?: string;
  matched: number;
  capped?: boolean;
  eligible: number;
  rebuilt?: number;
  py3?: number;
  superseded?: number;
  superseded_why?: { reason: string; count: number }[];
  body_changed?: number;
  body_same?: number;
  body_unknown?: number;
  unbuildable?: number;
  refused?: Record<string, number>;
  partners?: {
    auth_id?: number;
    developer_name?: string | null;
    matched?: number;
    eligible?: number;
    superseded?: number;
    rate?: number | null;
  }[];
  samples?: {
    log_id?: string;
    operation?: string | null;
    outcome?: string;
    reason?: string | null;
    last_body?: string | null;
    body?: string | null;
  }[];
  minutes?: number;
}

export interface RetryRun {
  id: string;
  lab_id?: number | null;
  state: string;
  why?: string | null;
  reason?: string | null;
  rate?: number;
  resend?: boolean;
  created_by?: string;
  created_at?: string;
  updated_at?: string;
  ended_at?: string | null;
  total: number;
  counts: Record<string, number>;
}

export interface RetryRunItem {
  n?: number;
  log_id: string;
  lab_id?: number;
  state: string;
  status?: string | null;
  error_kind?: string | null;
  response_status_code?: number | null;
  error?: string | null;
  payload_changed?: boolean | null;
  updated_at?: string | null;
}

export interface Lane {
  id: string;
  paused: boolean;
  reason: string | null;
  actor: string | null;
  until: string | null;
  at: string | null;
  lab_ids: number[];
  developer_name: string | null;
}

export interface IntegrationStats {
  lab_integration_id: number | null;
  auth_id: number | null;
  lab_id: number;
  lane: string | null;
  developer_name: string | null;
  operation: string | null;
  total: number;
  success: number;
  fail: number;
  queued: number;
  success_rate: number | null;
  p95_ms: number | null;
  hours: { at: string; total: number; success: number; fail: number; p95_ms: number | null }[];
}

export interface OpenCircuit {
  id: string;
  lab_integration_id: number;
  auth_id: number;
  lab_id: number;
  developer_name: string;
  operation: string;
  since: string | null;
  error_kind: string | null;
}

/** An integration's queue, as the dispatcher said in the last seconds. */
export interface LaneState extends OpenCircuit {
  queued: number;
  in_flight: number;
  parked: number;
  spilling: boolean;
  circuit: 'closed' | 'open';
  probe_at: string | null;
  waits_until: string | null;
  last_success_at: string | null;
  sent_per_second: number;
  rate: number | null;
}

export interface StuckLog extends LogRow {
  why?: string;
  why_text?: string;
  lane?: string | null;
}

export interface Health {
  at: string;
  consumers: { group: string; topic: string; lag: number | null }[];
  stores: Record<string, boolean>;
  failed_tasks: number | null;
  lanes: Lane[];
  open_circuits?: OpenCircuit[];
  lane_states?: LaneState[];
  stuck: { count: Count; items: StuckLog[] };
}

/** What the stream pushes of Health. */
export type HealthNow = Pick<Health, 'at' | 'stores' | 'failed_tasks' | 'lanes' | 'open_circuits'>;

export interface Stats {
  from: string;
  to: string;
  integrations: IntegrationStats[];
  totals: Record<string, number>;
  health: Health;
}

export interface TestResult {
  ok: boolean;
  address?: string;
  request?: Record<string, unknown>;
  response?: Record<string, unknown>;
  error_kind?: string | null;
  error_message?: string | null;
  timing?: Record<string, number> | null;
}

export interface TemplatePreview {
  body: string | null;
  content_type?: string | null;
  errors: { line: number | null; detail: string }[];
  context_masked?: boolean;
}
