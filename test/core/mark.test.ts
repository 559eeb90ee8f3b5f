import fc from "fast-check"
import t from "tap"
import { isControlTag, managedTag, markTags, ownerTag, readMark, readPruneTag } from "../../src/core/mark.ts"
import { fields } from "../../src/core/fields.ts"
import type { SourceName } from "../../src/core/model.ts"
import { key, me, them } from "./builders.ts"

const name = fc.stringMatching(/^[a-z0-9]+(-[a-z0-9]+)*$/, { maxLength: 20 }).filter((text) => text.length > 0)
const owner = fc.record({ installation: name, source: name.map((text) => text as SourceName) })
const part = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => !text.includes("/"))
const anyKey = fc.tuple(part, part).map(([flow, deployment]) => key(`${flow}/${deployment}`))
const letters = fc.uniqueArray(fc.constantFrom(..."abcdehjlnopqstvw".split(""))).map((list) => list.join(""))

const mine = markTags(me, key("etl/nightly"), "tdw")

t.test("a mark is three tags, and no two fields share a letter", async (t) => {
  t.strictSame(mine, ["managed-by=gitops", "gitops=prod/etl", "gitops-mark=761de2af.dtw"])
  const all = Object.values(fields).map(({ letter }) => letter)
  t.equal(new Set(all).size, all.length)
})

t.test("what is written is read back, whatever other tags stand around it and in whatever order", async () => {
  const people = fc.array(fc.string().filter((tag) => !isControlTag(tag)))
  fc.assert(
    fc.property(owner, anyKey, letters, people, (owner, key, letters, people) => {
      const tags = [...people, ...markTags(owner, key, letters), ...people].toReversed()
      const mark = readMark(tags, key)
      return (
        mark.kind === "owned" &&
        mark.owner.installation === owner.installation &&
        mark.owner.source === owner.source &&
        mark.letters === letters.split("").toSorted().join("")
      )
    }),
  )
})

t.test("a copy under another key isn't ours", async () => {
  fc.assert(
    fc.property(owner, anyKey, anyKey, (owner, key, copy) => {
      fc.pre(key !== copy)
      return readMark(markTags(owner, key, "d"), copy).kind === "none"
    }),
  )
})

t.test("anything short of the whole mark is nobody's", async (t) => {
  const [managed, ours, mark] = mine as [string, string, string]
  const rows: readonly [string, readonly string[], "none" | "ambiguous" | "owned"][] = [
    ["no tags", [], "none"],
    ["managed-by=gitops alone, as CI recipes set it", [managed], "none"],
    ["no managed-by", [ours, mark], "none"],
    ["no owner", [managed, mark], "none"],
    ["no mark", [managed, ours], "none"],
    ["another's owner tag with our mark", [managed, ownerTag(them), mark], "none"],
    ["a wrong check", [managed, ours, "gitops-mark=00000000.d"], "none"],
    ["a check in capitals", [managed, ours, mark.toUpperCase()], "none"],
    ["no dot", [managed, ours, mark.replace(".", "")], "none"],
    ["letters that are none", [managed, ours, `${mark}!`], "none"],
    ["an owner without a source", [managed, "gitops=prod", mark], "none"],
    ["an owner with three parts", [managed, "gitops=prod/etl/x", mark], "none"],
    ["a valid mark beside a prune tag", [...mine, "gitops-prune=pending"], "owned"],
    ["a tag twice", [...mine, ...mine], "owned"],
    ["two owners", [...mine, ownerTag(them)], "ambiguous"],
    ["two marks", [...mine, "gitops-mark=00000000."], "ambiguous"],
    ["two owners without managed-by", [ours, ownerTag(them)], "ambiguous"],
  ]
  for (const [claim, tags, expected] of rows) t.equal(readMark(tags, key("etl/nightly")).kind, expected, claim)
})

t.test("control tags are known by their names, and no other tag is one", async (t) => {
  for (const tag of [managedTag, "gitops=a/b", "gitops-mark=x", "gitops-prune=never", "gitops="]) {
    t.equal(isControlTag(tag), true, tag)
  }
  for (const tag of ["managed-by=argo", "managed-by=gitops2", "gitops", "my-gitops=x", "", "GITOPS=x"]) {
    t.equal(isControlTag(tag), false, tag)
  }
})

t.test("an opt-out beats every other prune tag, and a veto every pending one", async (t) => {
  t.equal(readPruneTag(["gitops-prune=pending", "gitops-prune=never"]), "never")
  t.equal(readPruneTag(["gitops-prune=pending", "gitops-prune=vetoed"]), "vetoed")
  t.equal(readPruneTag(["gitops-prune=pending", "gitops-prune=pending-paused"]), "pending-paused")
  t.equal(readPruneTag(["gitops-prune=pending"]), "pending")
  t.equal(readPruneTag(["gitops-prune=later", "gitops-prune=", "prune"]), null)
})
