/* What a retry would do, before it is done: figures, reasons, rebuilt bodies beside the last. */
import type { ComponentChildren } from 'preact';

import type { RetryPreview } from '../../api/types';
import { DiffView } from '../../body/diff-view';
import { count, plain } from '../../format/text';
import { t, type TextKey } from '../../text/en';

export const known = (prefix: string, word: string): string => {
  const text = t(`${prefix}.${word}` as TextKey);
  return text.startsWith(`${prefix}.`) ? plain(word) : text;
};

export function Figures({ preview }: { preview: RetryPreview }) {
  const refused = Object.entries(preview.refused ?? {});
  const figures: [TextKey, number | undefined, boolean][] = [
    ['preview.matched', preview.matched, true],
    ['preview.eligible', preview.eligible, true],
    ['preview.superseded', preview.superseded, true],
    ['preview.changed', preview.body_changed, true],
    ['preview.same', preview.body_same, true],
    ['preview.unbuildable', preview.unbuildable, false],
    ['preview.unknown', preview.body_unknown, false],
    ['preview.py3', preview.py3, false],
  ];
  return (
    <>
      <dl class="figures">
        {figures
          .filter(([, n, always]) => n !== undefined && (always || n > 0))
          .map(([name, n]) => (
            <div key={name}>
              <dt>{t(name)}</dt>
              <dd>
                {count(n ?? 0)}
                {name === 'preview.matched' && preview.capped && '+'}
              </dd>
            </div>
          ))}
      </dl>
      {preview.capped && <p class="label">{t('preview.capped')}</p>}
      {(preview.superseded_why ?? []).map((one) => (
        <p key={one.reason} class="quiet">
          {t('preview.superseded')}: {plain(one.reason)} ({count(one.count)})
        </p>
      ))}
      {refused.length > 0 && (
        <p class="quiet">
          {t('preview.refused')}{' '}
          {refused.map(([why, n]) => `${known('refused', why)}: ${count(n)}`).join(' · ')}
        </p>
      )}
    </>
  );
}

export function Partners({ preview }: { preview: RetryPreview }) {
  const partners = preview.partners ?? [];
  if (partners.length === 0) return null;
  return (
    <>
      <table class="fields" aria-label={t('preview.partners')}>
        <thead>
          <tr>
            <th scope="col">{t('col.partner')}</th>
            <th scope="col" class="numeric">
              {t('preview.eligible')}
            </th>
            <th scope="col" class="numeric">
              {t('preview.superseded')}
            </th>
            <th scope="col" class="numeric">
              {t('preview.rate')}
            </th>
          </tr>
        </thead>
        <tbody>
          {partners.map((partner) => (
            <tr key={partner.auth_id}>
              <td>
                <bdi>{plain(partner.developer_name) || partner.auth_id}</bdi>
              </td>
              <td class="numeric">{count(partner.eligible ?? 0)}</td>
              <td class="numeric">{count(partner.superseded ?? 0)}</td>
              <td class="numeric">
                {partner.rate ? t('run.rate.is', { rate: String(partner.rate) }) : '–'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {preview.minutes !== undefined && preview.minutes > 0 && (
        <p class="quiet">{t('preview.minutes', { minutes: String(Math.ceil(preview.minutes)) })}</p>
      )}
    </>
  );
}

type Sample = NonNullable<RetryPreview['samples']>[number];

export function SampleBodies({ sample }: { sample: Sample }): ComponentChildren {
  const { last_body: last, body, reason, outcome } = sample;
  if (outcome === 'superseded')
    return <p class="label">{t('preview.outcome.superseded', { why: plain(reason) })}</p>;
  if (outcome === 'unbuildable')
    return <p class="label bad">{t('preview.outcome.unbuildable', { why: plain(reason) })}</p>;
  return (
    <>
      <p class="label">{known('preview.outcome', outcome ?? 'unknown')}</p>
      {typeof last === 'string' && typeof body === 'string' ? (
        outcome === 'changed' && <DiffView before={last} after={body} />
      ) : (
        <p class="quiet">{t('preview.hidden')}</p>
      )}
    </>
  );
}

export function Samples({ preview }: { preview: RetryPreview }) {
  if (!preview.samples?.length) return null;
  return (
    <details open>
      <summary>{t('preview.samples')}</summary>
      {preview.samples.map((sample) => (
        <section key={sample.log_id}>
          <h3>
            {plain(sample.operation)}{' '}
            <a class="mono" href={`/logs/${sample.log_id ?? ''}`} target="_blank" rel="noopener">
              {sample.log_id}
            </a>
          </h3>
          <SampleBodies sample={sample} />
        </section>
      ))}
    </details>
  );
}
