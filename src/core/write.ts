import type { Change, DeploymentCreate, DeploymentPatch, FieldDiff, Write } from "./change.ts"
import { fieldNames, fieldOf, fieldTitle } from "./fields.ts"
import { isControlTag } from "./mark.ts"
import type { DeploymentFields, DesiredDeployment, DesiredFields, FieldName, LiveDeployment, Wanted } from "./model.ts"
import { planSchedules } from "./schedule.ts"

/** Letters of the fields that Git decides for this deployment; an undecided field keeps the letter that it had. */
export function lettersOf(desired: DesiredFields, before: string): string {
  return fieldNames
    .filter((name) => {
      const { kind } = desired[name]
      return (
        kind === "declared" || kind === "derived" || (kind === "undecided" && before.includes(fieldOf(name).letter))
      )
    })
    .map((name) => fieldOf(name).letter)
    .toSorted()
    .join("")
}

/**
 * The same after a write to what is live. The letter of `automations` stays as long as one of ours may be there, whatever
 * `ignore` or a wait has kept from being removed: without it nobody would look for them at a retirement.
 */
export function lettersKept(desired: DesiredFields, before: string, oursMayStay: boolean): string {
  const letters = lettersOf(desired, before)
  const { letter } = fieldOf("automations")
  return oursMayStay && before.includes(letter) && !letters.includes(letter) ? letters + letter : letters
}

/**
 * Fields that Git declared at the last write and doesn't any more, as if it declared their defaults: reset once, in the
 * write that drops their letters. Later would be wrong: by then the value may be a person's.
 */
export function withResets(desired: DesiredFields, before: string): DesiredFields {
  const resets = fieldNames
    .filter((name) => desired[name].kind === "absent" && before.includes(fieldOf(name).letter))
    .flatMap((name) => {
      const { reset } = fieldOf(name)
      return reset === undefined ? [] : [[name, { kind: "declared", value: reset }] as const]
    })
  return { ...desired, ...Object.fromEntries(resets) }
}

/** The smallest write that makes `live` as wanted, with the tags as given (null = they stay as they are). */
export function buildWrite(
  wanted: Wanted,
  live: LiveDeployment,
  diffs: readonly FieldDiff[],
  tags: readonly string[] | null,
): Write {
  const differing = new Set(diffs.map(({ field }) => field))
  const schedules =
    wanted.schedules && differing.has("schedules") ? planSchedules(wanted.schedules, live.fields.schedules) : null
  const moved = (wire: string): boolean => [...differing].some((name) => fieldTitle(name) === wire)
  const sent = [...coupled(differing)].filter((name) => fieldOf(name).place === "body")
  const patch: DeploymentPatch = {
    fields: Object.fromEntries(sent.flatMap((name) => valueToSend(name, wanted, live, moved))),
    ...(tags && { tags }),
    ...(schedules && schedules.patch.length > 0 && { schedules: schedules.patch }),
  }
  return {
    wanted,
    nameSchedules: schedules?.name ?? [],
    removeSchedules: schedules?.remove ?? [],
    patch,
    automations: [],
  }
}

/** All tags after a write: managed ones as wanted (else as they are), control tags of others left, our mark as given. */
export function tagsAfter(wanted: Wanted, live: LiveDeployment | null, control: readonly string[]): readonly string[] {
  const managed = wanted.tags ?? live?.fields.tags ?? []
  return [...new Set([...managed.filter((tag) => !isControlTag(tag)).toSorted(), ...control])]
}

/** A new deployment: what Git says, what was left undecided with its stand-in, and Prefect's defaults for the rest. */
export function buildCreate(desired: DesiredDeployment, tags: readonly string[]): DeploymentCreate {
  const { flow, name } = desired
  const chosen = Object.fromEntries(fieldNames.map((field) => [field, valueAtCreation(desired.fields, field)]))
  const { tags: _managed, automations: _apart, ...fields } = chosen as unknown as DeploymentFields
  return { flow, name, fields, tags }
}

function valueAtCreation<F extends FieldName>(desired: DesiredFields, name: F): DeploymentFields[F] {
  const value = desired[name] as DesiredFields[FieldName]
  const given = value.kind === "absent" ? undefined : value.kind === "undecided" ? value.create : value.value
  return (given ?? fieldOf(name).default) as DeploymentFields[F]
}

/** The differing fields and all that must travel with them. */
function coupled(differing: ReadonlySet<FieldName>): ReadonlySet<FieldName> {
  const couples = new Set([...differing].map((name) => fieldOf(name).couple).filter((couple) => couple !== null))
  const mates = fieldNames.filter((name) => {
    const { couple } = fieldOf(name)
    return couple !== null && couples.has(couple)
  })
  return new Set([...differing, ...mates])
}

/** A mate that Git leaves open goes as its row says. */
function valueToSend<F extends FieldName>(
  name: F,
  wanted: Wanted,
  live: LiveDeployment,
  moved: (wire: string) => boolean,
): readonly (readonly [F, unknown])[] {
  if (wanted[name] !== undefined) return [[name, wanted[name]]]
  const { mate } = fieldOf(name)
  return mate === null ? [] : [[name, mate(live.fields[name] as DeploymentFields[F], moved)]]
}

/** Names of the fields that a change writes, as Prefect writes them; the mark alone is "tags". */
export function writtenFields(change: Change): readonly string[] {
  if (!("write" in change)) return []
  const { fields: sent, tags, schedules } = change.write.patch
  const names = Object.keys(sent).map((name) => fieldTitle(name as FieldName))
  const scheduled = schedules || change.write.removeSchedules.length > 0
  const triggered = change.write.automations.length > 0
  return [
    ...names,
    ...(tags ? ["tags"] : []),
    ...(scheduled ? ["schedules"] : []),
    ...(triggered ? [fieldTitle("automations")] : []),
  ]
}
