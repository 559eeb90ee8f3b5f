import { reaches, readVersion, type Version } from "../core/version.ts"
import { PrefectError } from "../lib/errors.ts"

const oldest: Version = [3, 2, 0]

/**
 * What a server can do is known by its version and never tried out, because a refused write still costs runs. null = it
 * doesn't say, as Cloud, and is taken for the newest.
 * @throws PrefectError `server-too-old` below 3.2.0, where a PATCH knows neither slugs nor schemas.
 */
export function serverVersion(text: string | null): Version | null {
  const version = readVersion(text)
  if (reaches(version, oldest)) return version
  const message = `this Prefect server is ${text}; Lockstep needs ${oldest.join(".")} or newer`
  throw new PrefectError(message, { kind: "stalled", code: "server-too-old", status: null })
}
