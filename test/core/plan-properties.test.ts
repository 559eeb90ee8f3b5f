import assert from "node:assert/strict"
import fc from "fast-check"
import t from "tap"
import { isMarked } from "../../src/core/automation.ts"
import { isControlTag, markTags, readMark, sameOwner } from "../../src/core/mark.ts"
import type { Change } from "../../src/core/change.ts"
import { wantedFields } from "../../src/core/drift.ts"
import type {
  DeploymentFields,
  DesiredDeployment,
  FieldName,
  LiveAutomation,
  LiveDeployment,
  LiveFields,
  Schedule,
  Value,
} from "../../src/core/model.ts"
import { fieldNames } from "../../src/core/fields.ts"
import { planChanges } from "../../src/core/plan.ts"
import type { PlanInput } from "../../src/core/plan-input.ts"
import { buildCreate } from "../../src/core/write.ts"
import {
  automation,
  bareFields,
  cron,
  declared,
  inputOf,
  interval,
  key,
  live,
  liveAutomation,
  me,
  other,
  pool,
  rrule,
  siblingOf,
  sourceOf,
  them,
} from "./builders.ts"
import { automated, created, patched, withSchedules, written } from "./prefect-model.ts"

/** Any small world of three keys, planned, applied as Prefect would apply it, and planned again. */

const names = ["etl/a", "etl/b", "etl/c"] as const
const slug = fc.constantFrom(null, "one", "two", "three")
const spec = fc.constantFrom(
  cron(),
  cron("0 7 * * *", "UTC"),
  interval(60),
  interval(60, "2026-01-01T00:00:00Z"),
  interval(90),
  rrule("FREQ=DAILY"),
  rrule("DTSTART:20240101T090000\nFREQ=DAILY"),
)
const parameters = fc.constantFrom({}, { x: 1 }, { x: { y: [1] } })
const scheduleArb: fc.Arbitrary<Schedule> = fc.record({
  slug,
  spec,
  active: fc.constantFrom(null, true, false),
  parameters: fc.option(parameters),
})
const schedules = fc.uniqueArray(scheduleArb, {
  maxLength: 3,
  comparator: (a, b) => a.slug !== null && a.slug === b.slug,
})

const automationArb = fc
  .record({ name: fc.constantFrom("x", "y", "z"), enabled: fc.constantFrom(null, true, false), count: fc.nat(1) })
  .map(({ name, enabled, count }) => automation(name, { enabled, description: `${count}` }))

/** Whose it is: mine, another source's, nobody's, a copy of one of mine, or mine and switched off by a retirement. */
const liveAutomationArb = (on: string): fc.Arbitrary<LiveAutomation> =>
  fc
    .record({ one: automationArb, owner: fc.constantFrom(me, me, them, null), alias: fc.constantFrom(null, null, "x") })
    .chain(({ one, owner, alias }) =>
      fc
        .record({
          startsOnly: fc.boolean(),
          prune: fc.constantFrom([], [], ["gitops-prune=pending"]),
          id: fc.uuid(),
        })
        .map(({ prune, ...rest }) => {
          const marked = liveAutomation(on, alias ?? one.name, owner ? { owner } : {})
          return {
            ...marked,
            ...one,
            ...rest,
            enabled: one.enabled ?? true,
            tags: [...marked.tags, ...(owner ? prune : [])],
          }
        }),
    )

const values: { readonly [F in FieldName]: fc.Arbitrary<DeploymentFields[F]> } = {
  description: fc.constantFrom(null, "", "text"),
  version: fc.constantFrom(null, "1"),
  tags: fc.subarray(["x", "y", "z"]),
  paused: fc.boolean(),
  entrypoint: fc.constantFrom("flow.py:f", "flow.py:g"),
  parameters,
  parameterSchema: fc.constantFrom({}, { type: "object", properties: { x: { type: "integer" } } }),
  enforceParameterSchema: fc.boolean(),
  pullSteps: fc.constantFrom([], [{ clone: { a: 1 } }]),
  workPool: fc.constantFrom("pool", "k8s"),
  workQueue: fc.constantFrom(null, "default", "fast"),
  jobVariables: fc.constantFrom({}, { cpu: 1 }, { env: { A: "1", B: "2" } }, { env: { A: "3" }, cpu: 2 }),
  concurrencyLimit: fc.constantFrom(null, 1, 2),
  concurrencyOptions: fc.constantFrom(null, { collisionStrategy: "ENQUEUE", gracePeriodSeconds: null }),
  schedules,
  automations: fc.uniqueArray(automationArb, { maxLength: 3, selector: ({ name }) => name }),
}

function valueOf<F extends FieldName>(name: F): fc.Arbitrary<Value<DeploymentFields[F]>> {
  return fc.oneof(
    fc.constant({ kind: "absent" } as const),
    values[name].map((value) => ({ kind: "declared", value }) as const),
    values[name].map((value) => ({ kind: "derived", value }) as const),
    fc.constant({ kind: "undecided", reason: "unknown" } as const),
  )
}

const fieldsArb = fc.record(Object.fromEntries(fieldNames.map((name) => [name, valueOf(name)])))
const desiredArb = (name: string): fc.Arbitrary<DesiredDeployment> =>
  fieldsArb.map((fields) => declared(name, fields as Parameters<typeof declared>[1]))

const liveFields = fc.record({
  ...values,
  workQueue: fc.constantFrom(null, "fast"),
  schedules,
}) as fc.Arbitrary<DeploymentFields>
const letters = fc.subarray("acdeghjlnopqstvw".split("")).map((list) => list.join(""))
const control = (name: string) =>
  fc.oneof(
    { weight: 4, arbitrary: letters.map((some) => markTags(me, key(name), some)) },
    letters.map((some) => markTags(them, key(name), some)),
    letters.map((some) => markTags(me, key("a/copy"), some)),
    fc.constantFrom([], ["managed-by=gitops"], [...markTags(me, key(name), ""), ...markTags(them, key(name), "")]),
  )
const pruneTag = fc.constantFrom([], [], [], ["gitops-prune=pending"], ["gitops-prune=never"], ["gitops-prune=vetoed"])

const liveArb = (name: string): fc.Arbitrary<LiveDeployment> =>
  fc
    .record({
      fields: liveFields,
      tags: control(name),
      prune: pruneTag,
      limit: fc.constantFrom(null, null, "team"),
      automations: fc.array(liveAutomationArb(name), { maxLength: 4 }),
    })
    .map(({ fields, tags, prune, limit, automations }) => {
      const ids = fields.schedules.map((one, i) => ({
        ...one,
        id: `s${i}`,
        active: one.active ?? true,
        parameters: one.parameters ?? {},
        spec: one.spec.kind === "interval" ? { ...one.spec, anchor: "2025-05-05T05:05:05Z" } : one.spec,
      }))
      const bare = live(name, { ...fields, schedules: ids, automations })
      return withSchedules({ ...bare, sharedLimit: limit, allTags: [...fields.tags, ...tags, ...prune] }, ids)
    })

const worldArb = fc
  .record({
    declared: fc.tuple(...names.map((name) => fc.option(desiredArb(name)))),
    live: fc.tuple(...names.map((name) => fc.option(liveArb(name)))),
    ignore: fc.subarray(["paused", "job_variables.env.A", "parameters.*", "schedules.*.active", "version", "tags"]),
    adopt: fc.constantFrom("never", "same", "unowned"),
    theirs: fc.subarray([...names]),
    known: fc.boolean(),
  })
  .map(({ declared, live, ignore, adopt, theirs, known }): PlanInput => {
    const sibling = siblingOf(theirs, { complete: known, canTake: known })
    return inputOf(
      {
        declared: declared.filter((one) => one !== null),
        live: live.filter((one) => one !== null),
        pools: ["pool", "k8s", "default-agent-pool"].map((name) => pool(name, ["default", "fast"])),
      },
      { source: sourceOf({ ignore, adopt }), siblings: new Map([[other, sibling]]) },
    )
  })

/** What is live after the plan, guards left aside. The server gives a pool's default queue, which is null here. */
function applied(input: PlanInput, changes: readonly Change[]): PlanInput {
  const deployments = new Map(input.snapshot.deployments)
  for (const change of changes) {
    const next = after(change)
    if (next) deployments.set(change.key, withDefaultQueue(next))
  }
  return { ...input, snapshot: { ...input.snapshot, deployments } }
}

function after(change: Change): LiveDeployment | null {
  switch (change.action) {
    case "create":
      return automated(created(buildCreate(change.desired, change.tags)), change.automations)
    case "update":
    case "adopt":
    case "restore":
      return written(change.live, change.write)
    case "retire":
      return patched(change.live, {
        fields: { paused: true },
        tags: [...change.live.allTags.filter((tag) => !tag.startsWith("gitops-prune=")), "gitops-prune=pending"],
      })
    case "prune":
    case "keep":
    case "skip":
      return null
  }
}

function withDefaultQueue(live: LiveDeployment): LiveDeployment {
  const workQueue = live.fields.workQueue === "default" ? null : live.fields.workQueue
  return { ...live, fields: { ...live.fields, workQueue } }
}

const runs = { numRuns: 400 }

t.test("what was planned and applied leaves nothing to do", async () => {
  fc.assert(
    fc.property(worldArb, (input) => {
      const again = planChanges(applied(input, planChanges(input).changes))
      assert.deepEqual(
        again.changes.filter(({ action }) => action !== "keep" && action !== "skip"),
        [],
      )
    }),
    runs,
  )
})

t.test("the order in which things are read never matters", async () => {
  const turned = <K, V>(map: ReadonlyMap<K, V>) => new Map([...map].toReversed())
  fc.assert(
    fc.property(worldArb, (input) => {
      const { desired, snapshot } = input
      const other: PlanInput = {
        ...input,
        desired: { ...desired, deployments: turned(desired.deployments) },
        snapshot: { ...snapshot, deployments: turned(snapshot.deployments), workPools: turned(snapshot.workPools) },
      }
      assert.deepEqual(planChanges(other), planChanges(input))
    }),
    runs,
  )
})

t.test("nothing without our mark is changed, but by adoption of a key that Git declares", async () => {
  fc.assert(
    fc.property(worldArb, (input) =>
      planChanges(input).changes.every((change) => {
        if (!("live" in change) || !change.live || change.action === "skip") return true
        const mark = readMark(change.live.allTags, change.key)
        const mine = mark.kind === "owned" && sameOwner(mark.owner, me)
        return mine || (change.action === "adopt" && input.desired.deployments.has(change.key))
      }),
    ),
    runs,
  )
})

t.test(
  "no automation without a mark of ours is changed, unless it has a desired one's name and only starts it",
  async () => {
    fc.assert(
      fc.property(worldArb, (input) =>
        planChanges(input).changes.every((change) => {
          if (!("write" in change)) return true
          return change.write.automations.every((one) => {
            if (one.kind === "make" || isMarked(one.live)) return true
            const renamed = isMarked(one.live, one.kind === "replace" ? one.automation.name : "")
            return one.kind === "replace" && (renamed || (one.live.startsOnly && one.live.name === one.automation.name))
          })
        }),
      ),
      runs,
    )
  },
)

t.test("another source's is adopted only when it is retired or its owner lacks it", async () => {
  fc.assert(
    fc.property(worldArb, (input) =>
      planChanges(input).changes.every((change) => {
        if (change.action !== "adopt") return true
        const mark = readMark(change.live.allTags, change.key)
        if (mark.kind === "ambiguous") return false
        if (mark.kind === "none" || !sameOwner(mark.owner, them)) return input.source.policy.adopt !== "never"
        const sibling = input.siblings.get(other)
        const retired = change.live.allTags.includes("gitops-prune=pending")
        return retired || (sibling?.complete === true && !sibling.declares.has(change.key))
      }),
    ),
    runs,
  )
})

t.test("after a write the mark is ours and whole, and an opt-out is still there", async () => {
  fc.assert(
    fc.property(worldArb, (input) =>
      planChanges(input).changes.every((change) => {
        if (!("write" in change)) return true
        const now = written(change.live, change.write)
        const mark = readMark(now.allTags, now.key)
        const never = "gitops-prune=never"
        return (
          mark.kind === "owned" &&
          sameOwner(mark.owner, me) &&
          now.allTags.includes(never) === change.live.allTags.includes(never)
        )
      }),
    ),
    runs,
  )
})

t.test("what is ignored survives a write", async () => {
  const env = (fields: LiveFields) => (fields.jobVariables["env"] as { A?: string } | undefined)?.A
  fc.assert(
    fc.property(worldArb, (input) => {
      const { ignore } = input.source.policy
      for (const change of planChanges(input).changes) {
        if (!("write" in change)) continue
        const [before, now] = [change.live.fields, written(change.live, change.write).fields]
        if (ignore.includes("version")) assert.equal(now.version, before.version)
        if (ignore.includes("tags")) assert.deepEqual(now.tags.toSorted(), before.tags.toSorted())
        if (ignore.includes("job_variables.env.A")) assert.equal(env(now), env(before))
        if (ignore.includes("parameters.*")) assert.deepEqual(now.parameters, before.parameters)
      }
    }),
    runs,
  )
})

/** Tags carry the mark, a queue follows its pool, and a restore gives back what a retirement took. */
const notLeftOpen: ReadonlySet<FieldName> = new Set(["tags", "workQueue", "paused", "automations"])

t.test("fields that Git leaves open and never declared survive a write", async () => {
  fc.assert(
    fc.property(worldArb, (input) => {
      for (const change of planChanges(input).changes) {
        if (change.action !== "update" && change.action !== "adopt") continue
        const now = written(change.live, change.write)
        const mark = readMark(change.live.allTags, change.key)
        if (mark.kind === "owned" && mark.letters !== "") continue
        const wanted = wantedFields(change.desired.fields, change.live.fields, [])
        for (const name of fieldNames) {
          if (wanted[name] !== undefined || notLeftOpen.has(name)) continue
          assert.deepEqual(now.fields[name], change.live.fields[name], name)
        }
      }
    }),
    runs,
  )
})

t.test("the fields of the model are all generated here", async (t) => {
  t.strictSame(Object.keys(values).toSorted(), Object.keys(bareFields).toSorted())
  t.notOk(Object.keys(bareFields).some((name) => isControlTag(name)))
})
