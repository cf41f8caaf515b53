import { plain } from '../format/text';
import { t } from '../text/en';

export function HeaderTable({
  title,
  headers,
}: {
  title: string;
  headers: Record<string, unknown> | null | undefined;
}) {
  const names = Object.keys(headers ?? {}).sort();
  return (
    <section>
      <h3>{title}</h3>
      {names.length === 0 ? (
        <p class="quiet">{t('headers.none')}</p>
      ) : (
        <table class="fields" dir="ltr">
          <tbody>
            {names.map((name) => (
              <tr key={name}>
                <th scope="row">{plain(name)}</th>
                <td>
                  <bdi class="wrap">{plain(headers?.[name])}</bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
