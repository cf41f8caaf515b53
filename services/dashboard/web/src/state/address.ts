/* An address of the app, read and written. Pure. */

export interface Address {
  path: string;
  query: Record<string, string>;
  fragment: Record<string, string>;
}

/* What somebody mistyped is shown as it is. */
function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

export function parseAddress(href: string): Address {
  const url = new URL(href, 'http://page');
  return {
    path: decoded(url.pathname.replace(/\/+$/, '')) || '/',
    query: Object.fromEntries(url.searchParams),
    fragment: Object.fromEntries(new URLSearchParams(url.hash.slice(1))),
  };
}

function pairs(values: Record<string, string>): string {
  const kept = Object.entries(values).filter(([, value]) => value !== '');
  return new URLSearchParams(kept).toString().replace(/%2C/g, ',');
}

export function formatAddress(address: Address): string {
  const query = pairs(address.query);
  const fragment = pairs(address.fragment);
  return encodeURI(address.path) + (query ? `?${query}` : '') + (fragment ? `#${fragment}` : '');
}
