import type { FieldDiff } from "./change.ts"
import { fieldNames, fieldOf } from "./fields.ts"
import type { Json } from "./json.ts"
import type { DeploymentFields, DesiredFields, FieldName, LiveFields, Value, Wanted } from "./model.ts"

/**
 * The one normaliser: plan, drift detection, correction, status and metrics all ask here whether live is as Git says,
 * so they can't disagree.
 */

/**
 * The fields to enforce, with their values. `ignore` takes fields out, or parts of one: there the live value counts as
 * wanted, so that it shows no difference and survives a write of the rest.
 */
export function wantedFields(desired: DesiredFields, live: LiveFields | null, ignore: readonly string[]): Wanted {
  const wanted: Record<string, unknown> = {}
  for (const name of fieldNames) {
    const value: Value<unknown> = desired[name]
    if (value.kind !== "declared" && value.kind !== "derived") continue
    const { wire, place } = fieldOf(name)
    if (ignore.some((pattern) => pattern === wire || pattern === name)) continue
    // What wasn't read can't be compared, so it isn't written either.
    if (place === "own-routes" && live && live[name] === null) continue
    wanted[name] = keepIgnored(name, value.value as DeploymentFields[FieldName], live, ignore)
  }
  return wanted
}

/** Every difference between what is wanted and what is live, as deep as it goes. Empty = nothing to write. */
export function diffFields(wanted: Wanted, live: LiveFields): readonly FieldDiff[] {
  return fieldNames.flatMap((name) => {
    const value: unknown = wanted[name]
    return value === undefined ? [] : diffField(name, value as DeploymentFields[FieldName], live[name] ?? null)
  })
}

function diffField<F extends FieldName>(
  name: F,
  wanted: DeploymentFields[F],
  live: DeploymentFields[F],
): readonly FieldDiff[] {
  const { equal, diff } = fieldOf(name)
  return equal(wanted, live) ? [] : diff(wanted, live).map((difference) => ({ field: name, ...difference }))
}

function keepIgnored<F extends FieldName>(
  name: F,
  value: DeploymentFields[F],
  live: LiveFields | null,
  ignore: readonly string[],
): DeploymentFields[F] {
  const { wire, open } = fieldOf(name)
  const prefixes = [`${wire}.`, `${name}.`]
  const paths = ignore.flatMap((pattern) => {
    const prefix = prefixes.find((start) => pattern.startsWith(start))
    return prefix ? [pattern.slice(prefix.length).split(".")] : []
  })
  return paths.length === 0 ? value : open(value, live ? (live[name] as Json) : undefined, paths)
}
