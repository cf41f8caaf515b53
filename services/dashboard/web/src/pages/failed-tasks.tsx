/* Messages that could not be handled: read, and sent once more. */
import { useState } from 'preact/hooks';

import { get, post } from '../api/client';
import type { FailedTask, Page } from '../api/types';
import { BodyView } from '../body/view';
import { hexLines } from '../format/hex';
import { plain } from '../format/text';
import { formatTime } from '../format/time';
import { Dialog } from '../parts/dialog';
import { Listing } from '../parts/listing';
import { useLoad } from '../parts/load';
import { ProblemBox } from '../parts/problem';
import { RevealDialog, useRevealed } from '../parts/reveal';
import type { TableColumn } from '../parts/table';
import { say } from '../parts/toast';
import { address, setFilter } from '../state/route';
import { may } from '../state/session';
import { t } from '../text/en';

const pathOf = (task: FailedTask): string => `failed-tasks/${encodeURIComponent(task.id)}`;

function RequeueDialog(props: { task: FailedTask; onClose: () => void; onDone: () => void }) {
  const { task, onClose, onDone } = props;
  const [reason, setReason] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    post(`${pathOf(task)}/requeue`, reason ? { reason } : {}).then(onDone, (problem: unknown) => {
      setError(problem);
      setBusy(false);
    });
  };
  return (
    <Dialog title={t('task.requeue')} onClose={onClose}>
      <form onSubmit={submit}>
        <p>{t('task.requeue.explain', { topic: plain(task.source_topic) })}</p>
        <label>
          {t('reason.optional')}
          <input
            type="text"
            maxLength={200}
            value={reason}
            onInput={(event) => {
              setReason(event.currentTarget.value);
            }}
          />
        </label>
        {error !== null && <ProblemBox error={error} />}
        <div class="actions">
          <button type="submit" class="primary" disabled={busy}>
            {t('task.requeue')}
          </button>
          <button type="button" onClick={onClose}>
            {t('cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Requeue({ task }: { task: FailedTask }) {
  const [state, setState] = useState<'idle' | 'asking' | 'done'>('idle');
  if (state === 'done') return <span class="label">{t('task.requeued')}</span>;
  return (
    <>
      <button
        type="button"
        onClick={() => {
          setState('asking');
        }}
      >
        {t('task.requeue.open')}
      </button>
      {state === 'asking' && (
        <RequeueDialog
          task={task}
          onClose={() => {
            setState('idle');
          }}
          onDone={() => {
            setState('done');
            say(t('task.requeued'));
          }}
        />
      )}
    </>
  );
}

interface RevealedTask {
  revealed_until: string;
  task: FailedTask;
}

/* The bytes as text or in hex; what is masked, after a reason. */
function Bytes({ task: listed }: { task: FailedTask }) {
  const [revealed, setRevealed] = useRevealed<RevealedTask>(listed.id);
  const [asking, setAsking] = useState(false);
  const task = revealed?.task ?? listed;
  return (
    <div class="task-value">
      {revealed && (
        <p class="label">{t('reveal.until', { time: formatTime(revealed.revealed_until) })}</p>
      )}
      {task.key && (
        <p class="mono">
          {t('task.key')} {plain(task.key)}
        </p>
      )}
      {task.value !== null && <BodyView text={task.value} />}
      {task.value_base64 && <pre class="code">{hexLines(task.value_base64)}</pre>}
      {task.masked.includes('value') && (
        <p class="quiet">
          {t('masked')}{' '}
          {may('operator') && (
            <button
              type="button"
              onClick={() => {
                setAsking(true);
              }}
            >
              {t('reveal.open')}
            </button>
          )}
        </p>
      )}
      {task.truncated && <p class="label">{t('body.cut')}</p>}
      {asking && (
        <RevealDialog
          ask={async (reason) => {
            setRevealed(await post<RevealedTask>(`${pathOf(listed)}/reveal`, { reason }));
            setAsking(false);
          }}
          onClose={() => {
            setAsking(false);
          }}
        />
      )}
    </div>
  );
}

function TaskValue({ task }: { task: FailedTask }) {
  const [open, setOpen] = useState(false);
  return (
    <details
      open={open}
      onToggle={(event) => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary>{t('task.bytes', { n: String(task.size) })}</summary>
      {open && <Bytes task={task} />}
    </details>
  );
}

const reasons = (tasks: readonly FailedTask[]): string[] =>
  [...new Set(tasks.map((task) => task.reason))].sort();

function ReasonFilter({ chosen }: { chosen: string }) {
  // Those of the newest tasks: the API filters by any.
  const known = useLoad('reasons', (signal) =>
    get<Page<FailedTask>>('failed-tasks', { limit: 100 }, signal),
  );
  const all = new Set([...reasons(known.data?.items ?? []), ...(chosen ? [chosen] : [])]);
  if (all.size < 2 && !chosen) return null;
  return (
    <label>
      {t('reason')}
      <select
        value={chosen}
        onChange={(event) => {
          setFilter({ reason: event.currentTarget.value });
        }}
      >
        <option value="">{t('filter.any')}</option>
        {[...all].map((reason) => (
          <option key={reason} value={reason}>
            {reason}
          </option>
        ))}
      </select>
    </label>
  );
}

export function FailedTasksPage() {
  const reason = address.value.query['reason'] ?? '';
  const columns: TableColumn<FailedTask>[] = [
    { title: 'col.date', cell: (task) => formatTime(task.at) },
    { title: 'reason', cell: (task) => <bdi class="wrap">{plain(task.reason)}</bdi> },
    {
      title: 'task.exception',
      cell: (task) => <bdi class="wrap">{plain(task.exception)}</bdi>,
    },
    {
      title: 'task.source',
      cell: (task) => (
        <span class="mono">
          {plain(task.source_topic)} {task.source_partition ?? ''}/{task.source_offset ?? ''}
        </span>
      ),
    },
    { title: 'col.lab', cell: (task) => task.lab_id ?? '' },
    { title: 'task.value', cell: (task) => <TaskValue task={task} /> },
  ];
  if (may('operator')) columns.push({ title: null, cell: (task) => <Requeue task={task} /> });
  return (
    <Listing
      title={t('nav.failed-tasks')}
      path="failed-tasks"
      query={{ reason }}
      columns={columns}
      nothing={t(reason ? 'nothing.matches' : 'task.none')}
      tools={<ReasonFilter chosen={reason} />}
    />
  );
}
