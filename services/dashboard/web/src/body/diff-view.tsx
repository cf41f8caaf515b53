import { useMemo } from 'preact/hooks';

import { plain } from '../format/text';
import { t } from '../text/en';

import { diffLines } from './diff';
import { jsonLines, lineText, rawLines } from './json-lines';

const signs = { same: ' ', gone: '−', new: '+', skip: '' } as const;

/* JSON is compared by its keys in order: a moved key is no difference. */
function comparable(text: string): string[] {
  let sorted = text;
  try {
    sorted = JSON.stringify(sortKeys(JSON.parse(text)));
  } catch {
    // compared as it is
  }
  return (jsonLines(sorted) ?? rawLines(sorted)).map(lineText);
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sortKeys(member)]),
  );
}

export function DiffView({ before, after }: { before: string; after: string }) {
  const lines = useMemo(() => diffLines(comparable(before), comparable(after)), [before, after]);
  if (lines.length === 0) return <p class="label">{t('diff.same')}</p>;
  return (
    <div class="code" dir="ltr" tabIndex={0} role="group" aria-label={t('diff.title')}>
      {lines.map((line, i) => (
        <div key={i} class={`line diff-${line.kind}`}>
          {line.kind === 'skip' ? (
            <span class="quiet">{t('diff.skip', { n: line.text })}</span>
          ) : (
            <>
              <span class="sr">{line.kind === 'same' ? '' : t(`diff.${line.kind}`)}</span>
              <span aria-hidden="true">{signs[line.kind]} </span>
              {plain(line.text)}
            </>
          )}
        </div>
      ))}
    </div>
  );
}
