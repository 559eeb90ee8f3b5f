/** A release of Prefect's server. */
export type Version = readonly [major: number, minor: number, patch: number]

/** The release in a text as a server gives it, `3.8.8` or `3.8.8.dev1`; null where there is none. */
export function readVersion(text: string | null): Version | null {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(text ?? "") ?? []
  return patch === undefined ? null : [Number(major), Number(minor), Number(patch)]
}

/** Whether a server is of this release or a newer one; one that doesn't say (null) is taken for the newest. */
export function reaches(server: Version | null, wanted: Version): boolean {
  if (server === null) return true
  const place = wanted.findIndex((number, i) => server[i] !== number)
  return place === -1 || (server[place] ?? 0) > (wanted[place] ?? 0)
}
