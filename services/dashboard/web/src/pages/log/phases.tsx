/* When an attempt was over, and where its time went, as one stacked bar and in words. */
import type { Exchange } from '../../api/types';
import { formatDuration } from '../../format/time';
import { t } from '../../text/en';

export const phases = ['wait_ms', 'dns_ms', 'connect_ms', 'tls_ms', 'exchange_ms'] as const;

export const endOf = (exchange: Exchange | null | undefined): string | null =>
  exchange?.ended_at ?? exchange?.completed_at ?? exchange?.updated_at ?? null;

export function Phases({ timing }: { timing: Record<string, number> }) {
  const total = phases.reduce((sum, name) => sum + (timing[name] ?? 0), 0);
  if (total <= 0) return null;
  let x = 0;
  return (
    <div class="phases">
      <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        {phases.map((name) => {
          const width = ((timing[name] ?? 0) / total) * 100;
          const at = x;
          x += width;
          return <rect key={name} class={`phase-${name}`} x={at} y={0} width={width} height={4} />;
        })}
      </svg>
      <p class="quiet">
        {phases
          .filter((name) => (timing[name] ?? 0) > 0)
          .map((name, i) => (
            <span key={name}>
              {i > 0 && ' · '}
              <span class={`key key-${name}`} aria-hidden="true" /> {t(`phase.${name}`)}{' '}
              {formatDuration(timing[name])}
            </span>
          ))}
      </p>
    </div>
  );
}
