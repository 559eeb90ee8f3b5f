import fc from "fast-check"
import t from "tap"
import { digestOf } from "../../src/core/digest.ts"
import { canonicalJson, jsonEqual, type Json } from "../../src/core/json.ts"

const json = fc
  .letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.bigInt(),
      fc.string(),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.string(), tie("value"), { maxKeys: 3, noNullPrototype: true }),
    ),
  }))
  .value.map((value) => value)

function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => reversed(item))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, item]) => [name, reversed(item)]),
  )
}

t.test("values are compared as Python compares them", async (t) => {
  const rows: readonly [string, Json, Json, boolean][] = [
    ["key order never matters", { a: 1, b: 2 }, { b: 2, a: 1 }, true],
    ["the order of a list does", [1, 2], [2, 1], false],
    ["an integer equals the same float", 1, 1.0, true],
    ["a big integer equals the same small one", 1n, 1, true],
    ["big integers are exact", 9007199254740993n, 9007199254740992n, false],
    ["a number is no string", 1, "1", false],
    ["true is no number", true, 1, false],
    ["null is no empty object", null, {}, false],
    ["an empty list is no empty object", [], {}, false],
    ["a missing key is no null", { a: null }, {}, false],
    ["as many other keys are not the same keys", { a: null }, { b: null }, false],
    ["an inherited name is no key", { toString: 1 }, {}, false],
  ]
  for (const [claim, a, b, expected] of rows) {
    t.equal(jsonEqual(a, b), expected, claim)
    t.equal(jsonEqual(b, a), expected, `${claim}, the other way round`)
  }
})

t.test("equal values have one text and one digest, whatever the order of their keys", async () => {
  fc.assert(
    fc.property(json, (value) => {
      const turned = reversed(value)
      return (
        jsonEqual(value, turned) &&
        canonicalJson(value) === canonicalJson(turned) &&
        digestOf(value) === digestOf(turned)
      )
    }),
  )
})

t.test("different values have different digests", async () => {
  fc.assert(fc.property(json, json, (a, b) => jsonEqual(a, b) === (digestOf(a) === digestOf(b))))
})

t.test("a large integer has one digest, however it is held", async (t) => {
  t.equal(digestOf(1e21), digestOf(10n ** 21n))
  t.equal(digestOf(-0), digestOf(0))
})
