import t from "tap"
import { markTags, owns } from "../../src/core/mark.ts"
import type { SourceName } from "../../src/core/model.ts"
import { ownedBy } from "../../src/core/owned.ts"
import { planChanges, planSteps } from "../../src/core/plan.ts"
import { declared, first, inputOf, installation, key, live, snapshotOf } from "./builders.ts"

const owner = (n: number) => ({ installation, source: `s${n}` as SourceName })

t.test("sorted by owner once, the deployments of each are those whose mark says so, and no others", async (t) => {
  const all = Array.from({ length: 200 }, (_, n) => {
    const name = `f/d${n}`
    const marks = markTags(owner(n % 7), key(name), ".")
    const forged = n % 11 === 0 ? markTags(owner(n % 7), key("f/copied"), ".") : marks
    const ambiguous = n % 13 === 0 ? [...forged, "gitops=prod/s3"] : forged
    return live(name, {}, { allTags: n % 17 === 0 ? ambiguous.slice(1) : ambiguous })
  })
  const snapshot = snapshotOf(all)
  for (let n = 0; n < 8; n++)
    t.strictSame(
      ownedBy(owner(n), snapshot).map((one) => one.key),
      all.filter((one) => owns(owner(n), one)).map((one) => one.key),
      `s${n}`,
    )
})

t.test("a plan made in steps of fifty is the plan", async (t) => {
  const input = inputOf({ declared: Array.from({ length: 220 }, (_, n) => declared(`f/d${n}`)) })
  let steps = 0
  const making = planSteps(input)
  for (let step = making.next(); ; step = making.next()) {
    if (!step.done) steps++
    else {
      t.strictSame(step.value, planChanges(input))
      break
    }
  }
  t.equal(steps, 4)
  t.equal(planChanges(input).revision, first)
})
