import fc from "fast-check"
import t from "tap"
import { jsonEqual, type Json, type JsonObject } from "../../src/core/json.ts"
import { parseYaml, toJson } from "../../src/yaml/dialect.ts"
import { fileText, mappingLines, readsBack } from "../../src/yaml/write-yaml.ts"
import { extent } from "../support/extent.ts"
import { readAsPrefect } from "./yaml-oracle.ts"

/** What is written for a manifest is read by PyYAML and by our own reader: both must come to the value written. */

const nasty =
  `yes No on OFF y n Y true False ~ null Null 0 -0 +12 017 0777 08 0o7 0x1f 0b101 1_000 1:30 12:30:45 190:20:30.15 1e3 1.5e3
  1.5e+3 .5 -.5 1. 1.0 .inf -.INF .nan 2024-01-01 2024-1-1 2024-01-01T00:00:00Z = << <<: @x a:b a: :a x#y #no %a ! & * | > ? : , [ ] { } &a
  *a !!str '' "" '1' "yes" {{ {{x}} {{$X}} \`z\` - -- --- ... -x ?x é 日本 😀 it's a"b 'q' \\ \\n a\\b ./x /x ../x . .. .x x: x# x,y [x] __proto__ constructor`.split(
    /\s+/,
  )
const spaced = [
  "",
  " ",
  " x",
  "x ",
  "two  spaces",
  "a: b",
  "a #b",
  "- x",
  "{{ prefect.blocks.secret.x }}",
  "*/5 * * * *",
  "0 6 * * 1-5",
  "2024-01-01 00:00:00",
  "one\ntwo",
  "one\ntwo\n",
  "one\n\ntwo\n\n",
  "\none",
  "one\n  two\n three",
  " one\ntwo",
  "one \ntwo",
  "tab\there",
  "\tx",
  "one\r\ntwo",
  "# one\ntwo",
  "---\none",
  "\n",
  "\n\n",
  "nul\0",
  "bell\u0007",
  "del\u007f",
  "nel\u0085x",
  "ls\u2028x",
  "\ufeffx",
  "nbsp\u00a0x",
  "zwj\u200dx",
  "rtl\u202ex",
  "\ufffe",
  "x".repeat(200),
  "word ".repeat(40).trim(),
]
const texts = fc.oneof(
  fc.constantFrom(...nasty, ...spaced),
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: fc.constantFrom(..." \n:#-'\"\\{}[],&*!|>%@`?=~.0123456789abcyn_eE+x".split("")) }),
)
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    texts,
    fc.constantFrom<Json>(null, true, false, 0, -0, 1.5, 1e21, 1e300, -1e-7, 5e-324, 2 ** 53, 2n ** 70n, -(2n ** 64n)),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(texts, tie("value"), { maxKeys: 4 }) as fc.Arbitrary<Json>,
  ),
}))
const mapping = fc.dictionary(texts, value, { minKeys: 1, maxKeys: 5 }) as fc.Arbitrary<JsonObject>

t.test("our own reader comes to the value that was written", async (t) => {
  fc.assert(
    fc.property(mapping, (members) => {
      const { root, findings } = parseYaml(fileText(mappingLines(members)))
      return root !== null && findings.length === 0 && jsonEqual(toJson(root), members)
    }),
    { numRuns: extent(500, 3_000) },
  )
  t.pass()
})

t.test("PyYAML comes to the value that was written", async (t) => {
  const values = fc.sample(mapping, { numRuns: extent(500, 3_000), seed: 7 })
  const written = values.map((members) => fileText(mappingLines(members)))
  const wrong = readAsPrefect(written).flatMap((theirs, i) => {
    const same = "value" in theirs && jsonEqual(theirs.value, values[i] as Json)
    return same ? [] : [{ written: written[i], theirs }]
  })
  t.strictSame(wrong, [])
})

t.test("what YAML can't hold is known before it is written", async (t) => {
  const deep = (levels: number): Json => (levels === 0 ? 1 : [deep(levels - 1)])
  t.equal(readsBack({ half: "\ud800" }), false, "half of a surrogate pair is no character")
  t.equal(readsBack({ ["k".repeat(2_000)]: 1 }), false, "a key of more than 1,024 characters needs another form")
  t.equal(readsBack({ deep: deep(150) }), false, "deeper than is read")
  t.equal(readsBack({ deep: deep(50), text: "{{ x }}" }), true)
  t.equal(readsBack({}), true)
})

t.test("it looks as a person writes it", async (t) => {
  const written = mappingLines({
    entrypoint: "flows/etl.py:etl",
    description: "Loads all.\n\nAnd more.\n",
    note: "first\nlast",
    tags: ["nightly", "a, b", "2024"],
    version: "1.0",
    cron: "0 6 * * 1-5",
    every: "*/5 * * * *",
    token: "{{ prefect.blocks.secret.git }}",
    sql: `select "a" from b`,
    both: `it's "a"`,
    flag: "yes",
    time: "1:30",
    retries: 3,
    share: 0.5,
    nothing: null,
    none: {},
    empty: [],
    matrix: [
      [1, 2],
      [3, 4],
    ],
    steps: [{ clone: { repository: "https://git.example.com/a.git", branch: "main" } }, { wait: {} }, "x"],
    long: Array.from({ length: 12 }, (_, i) => `table_${i}`),
  })
  t.equal(
    written.join("\n"),
    `entrypoint: flows/etl.py:etl
description: |
  Loads all.

  And more.
note: |-
  first
  last
tags: [nightly, "a, b", "2024"]
version: "1.0"
cron: "0 6 * * 1-5"
every: "*/5 * * * *"
token: "{{ prefect.blocks.secret.git }}"
sql: select "a" from b
both: it's "a"
flag: "yes"
time: "1:30"
retries: 3
share: 0.5
nothing: null
none: {}
empty: []
matrix:
  - [1, 2]
  - [3, 4]
steps:
  - clone:
      repository: https://git.example.com/a.git
      branch: main
  - wait: {}
  - x
long:
${Array.from({ length: 12 }, (_, i) => `  - table_${i}`).join("\n")}`,
  )
})
