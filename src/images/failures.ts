import { ConfigError, toError } from "../lib/errors.ts"
import { HttpError } from "../lib/http/failures.ts"

/** Ends a look at a registry with a reason for people, in our own words. */
export class Unanswered extends Error {
  override readonly name = "Unanswered"
}

/** Why there was no answer, as the end of a sentence that begins with the registry. */
export function because(thrown: unknown): string {
  const error = toError(thrown)
  if (error instanceof ConfigError) return `can't be asked: ${error.message}`
  if (!(error instanceof HttpError)) return `can't be reached (${error.name})`
  if (error.failure.kind === "too-slow") return `took longer than ${error.failure.limitMs / 1_000} s`
  if (error.failure.kind !== "closed-address") return error.message
  return "is at an address that isn't public, so it is asked only when it stands in the source's `registries`"
}
