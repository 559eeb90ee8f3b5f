import type { Since } from "./field.ts"
import { fieldNames, fieldOf } from "./fields.ts"
import type { DesiredFields, FieldName, Value } from "./model.ts"
import { reaches, type Version } from "./version.ts"

/**
 * What is wanted, without what a server is too old for: it would show as different after each write, or make the server
 * refuse everything else beside it.
 */
export function withoutNewer(desired: DesiredFields, server: Version | null): DesiredFields {
  const rest = tooNew(desired, server).map(({ name, since, value }) => {
    const known = since.without(value.value)
    return [name, known === undefined ? { kind: "absent" } : { ...value, value: known }] as const
  })
  return { ...desired, ...Object.fromEntries(rest) }
}

/** What of it a server is too old for, in the words in which that is told. */
export function newerFields(
  desired: DesiredFields,
  server: Version | null,
): readonly Pick<Since<unknown>, "code" | "message">[] {
  return tooNew(desired, server).map(({ since }) => since)
}

function tooNew(desired: DesiredFields, server: Version | null) {
  return fieldNames.flatMap((name: FieldName) => {
    const since = fieldOf(name).since as Since<unknown> | null
    if (since === null || reaches(server, since.version)) return []
    const value: Value<unknown> = desired[name]
    return "value" in value && since.concerns(value.value) ? [{ name, since, value }] : []
  })
}
