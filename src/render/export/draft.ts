import { isJsonObject, type Json } from "../../core/json.ts"
import type { FieldName, LiveDeployment } from "../../core/model.ts"
import type { Rule } from "../manifest/rules.ts"
import { readsBack } from "../../yaml/write-yaml.ts"
import type { ExportCode } from "./codes.ts"
import { bareEntryOf, entryOf, fieldByKey, type Draft, type Remark } from "./entry.ts"
import type { Covered } from "./secrets.ts"
import { triggersOf } from "./triggers.ts"

/** A draft that may go on, or why the deployment can't be in the manifest. */
export type Drafted = { readonly draft: Draft } | { readonly leftOut: Remark }

/** The first draft of a deployment, from nothing but what is live: whatever comes of it can at least be written. */
export function draftOf({ live, unsaid: secret, isStuck, remarks: told }: Covered): Drafted {
  const { entrypoint, workPool, pullSteps } = live.fields
  if (!entrypoint) return leaveOut("entrypoint-missing", "it has no entrypoint, so nobody knows where its flow is")
  if (!workPool)
    return leaveOut("work-pool-missing", "it has no work pool (flow.serve() makes such), and an entry needs one")
  if (isStuck)
    return leaveOut(
      "not-sayable",
      "its entrypoint, its work pool or a name in its pull steps looks like a secret, for which no placeholder can stand",
    )
  const bare: Draft = { live, kind: "bare", description: true, flowName: true, unsaid: secret, remarks: [] }
  const sayable =
    pullSteps.every((step) => isJsonObject(step)) && readsBack({ pull: pullSteps }) && readsBack(bareEntryOf(bare))
  if (!sayable) return leaveOut("not-sayable", "its name, its entrypoint or its pull steps can't be written as YAML")
  const unsaid = unwritable(bare)
  const remarks = [
    ...remarksOn(live),
    ...told,
    ...[...unsaid].map(([, key]) => fieldLeftOut(key, "it can't be written as YAML")),
  ]
  return { draft: { ...bare, flowName: false, unsaid: new Set([...secret, ...unsaid.keys()]), remarks } }
}

export function leaveOut(code: ExportCode | Rule, message: string): Drafted {
  return { leftOut: { code, message } }
}

export function fieldLeftOut(key: string, why: string): Remark {
  return remark("field-left-out", `\`${key}\` isn't managed and stays as it is in Prefect: ${why}`)
}

export function remark(code: ExportCode, message: string): Remark {
  return { code, message }
}

/** Fields with a text, a number or a depth beyond YAML, by the keys that say them. */
function unwritable(draft: Draft): ReadonlyMap<FieldName, string> {
  const { work_pool: pool, ...entry } = entryOf(draft)
  const members: readonly (readonly [string, Json])[] = [...Object.entries(entry), ...Object.entries(pool as object)]
  const strange = members.filter(([key, value]) => fieldByKey.has(key) && !readsBack({ [key]: value }))
  return new Map(strange.map(([key]) => [fieldByKey.get(key) as FieldName, key]))
}

/** What no manifest can say, whatever the flow. */
function remarksOn(live: LiveDeployment): readonly Remark[] {
  const { sharedLimit } = live
  const limit =
    sharedLimit === null
      ? []
      : [
          remark(
            "limit-left-out",
            `the shared concurrency limit "${sharedLimit}" stays attached: no manifest can name it`,
          ),
        ]
  const triggers = triggersOf(live, live.name).strange.map((name) =>
    remark("trigger-left-out", `the automation "${name}" stays as it is: it does something else than start this`),
  )
  return [...limit, ...triggers]
}
