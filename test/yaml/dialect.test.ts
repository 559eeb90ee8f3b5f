import fc from "fast-check"
import t from "tap"
import type { Json } from "../../src/core/json.ts"
import { parseYaml } from "../../src/yaml/dialect.ts"
import { processorSeconds } from "../support/effort.ts"
import { extent } from "../support/extent.ts"
import { mistake, readAsPrefect } from "./yaml-oracle.ts"
import { yamlText } from "./yaml-texts.ts"

/** The same texts through PyYAML, which is what reads prefect.yaml, and through our reader: equal, or both refuse. */
function mistakes(texts: readonly string[]): readonly string[] {
  return readAsPrefect(texts).flatMap((theirs, index) => {
    const text = texts[index] as string
    const found = mistake(text, theirs)
    return found === null ? [] : [`${JSON.stringify(text)}: ${found}`]
  })
}

const texts = [
  "a: yes\nb: No\nc: ON\nd: off\ne: y\nf: n\ng: TRUE\nh: tRue",
  "a: 0777\nb: 0o17\nc: 0x1F\nd: 0b11\ne: 08\nf: 1_000\ng: 1:30\nh: 12:30:45\ni: +12\nj: -0\nk: 0",
  "a: 1e3\nb: 1.5e3\nc: 1.0e+3\nd: .5\ne: 1.\nf: 1.5e-3\ng: 1_0.5\nh: 1:30.5\ni: -.5\nj: .",
  "a: .inf\nb: -.inf\nc: .NaN\nd: ~\ne: null\nf: Null\ng:\nh: nULL",
  "a: 2024-01-01\nb: 2024-01-01T00:00:00\nc: 2024-01-01 01:02:03\nd: 2024-01-01T01:02:03Z\ne: 2024-01-01T01:02:03.5+02:00\nf: 2024-1-1",
  "base: &b { x: 1, y: 2 }\none: { <<: *b, y: 3 }\ntwo:\n  <<: [*b, { z: 9, x: 7 }]\n  w: 0",
  "a: 1\na: 2\nb: { c: 1, c: 2 }",
  "cron: */5 * * * *",
  'cron: "*/5 * * * *"',
  "a: |\n  one\n  two",
  "a: |\n  one\n  two\n",
  "a: >\n  one\n  two\n\n  three\n",
  "a: |-\n  one\n",
  "a: |+\n  one\n\n",
  "a: 'it''s'\nb: \"tab\\tnew\\n\\u00e9\"\nc: plain # comment\nd: a#b",
  "- 1\n- [2, {a: b}]\n- - 3\n  - 4\n",
  "a: one\n---\nb: two",
  "---\na: one\n...\n",
  "{a: 1, b: [x, y], 'c': \"d\"}",
  "a: [1, 2",
  "a: b: c",
  "\ta: 1",
  "",
  "# only a comment\n",
  "just text",
  "true: 1\n2: 2\nnull: 3\n1.5: 4",
  "a: !!str 12\nb: !!int '12'\nc: !!float 1\nd: !!bool 'yes'",
  "a: !custom 1",
  "a: *missing",
  "a: &x [1]\nb: *x",
  "? a\n: b\n",
  "a:\n  - b\n -c",
  "key with spaces: value with spaces\n'quoted key': 1",
  "a: 12345678901234567890123",
  "directory: .\nbranch: main\npath: ./x\nversion: 1.2.3\ntime: 12:30",
  "\ufeffa: 1",
  "a: 1\r\nb: 2\r\n",
  "url: http://x/y?z=1&a=b\nat: user@host\nneg: -x\npercent: 50%\nq: a ? b",
  "template: '{{ $X }}'\nbare: {{ x }}",
  // What other parsers of JavaScript read otherwise, or take where PyYAML refuses.
  "a: 2024-01-01T01:02:03+00:00\nb: 2024-01-01T01:02:03-00:00\nc: 2024-01-01T01:02:03-01:99",
  "a: 2024-02-30",
  "a: 2024-01-01T25:00:00",
  "a: 1.0e+400\nb: 9007199254740993\nc: 1.10",
  "1: a\ntrue: b\n1.0: c",
  "2.0: a\n1.0e+20: b\n.5e-8: c\nnull: d\n2024-01-01: e\n2024-01-01T00:00:00Z: f",
  ".inf: a",
  "=: a",
  "a: =",
  "a: [<<]",
  "a: &a { x: 1 }\nb: &b { x: 2, y: 2 }\nc: { <<: *a, <<: *b }\nd: { <<: [*a, *b], z: 1 }",
  "a: ! 12\nb: ! '12'",
  "a:\tb",
  "a: b\t# c",
  "a: [x]#c",
  "a: &a.b 1",
  ": a",
  "a: !!str [x]",
  "a: !!set { x }",
  "a: !!binary aGk=",
  "a: !!int 1.5",
  "a: !!timestamp x",
  'a: "\\ud83d\\ude00"',
  'a: "\\q"',
  "a: |\n   x\n  y",
  "a: >2\n   x\n  y\n",
  "a: |0\n x",
  "- |\n\n  x\n\n\n- >+\n\n",
  "{a:1}",
  '{a: b:c, "d":1}',
  "[a: b, ? c]",
  "%YAML 1.1\n---\na: 1",
  "%YAML 2.0\n---\na: 1",
  "a: 1\n...\n---\n",
  "a: x\ry: z",
  "a: 'x\n\n  y'\nb: \"x\\\n  y\"",
  "a: x\n  y\n\n  z\n",
  "? |\n  k\n: v",
  "a: \u0007",
  "\ud83d",
  "k: &a\nl: *a",
  "a: &a [*a]",
]

t.test("the table of forms reads as PyYAML reads it", async (t) => {
  t.strictSame(mistakes(texts), [])
})

const words = [
  "yes",
  "No",
  "on",
  "OFF",
  "y",
  "~",
  "null",
  "0",
  "017",
  "0o7",
  "0x1f",
  "1_000",
  "1:30",
  "-5",
  "1e3",
  "1.5e+3",
  ".5",
  "1.",
  ".inf",
  "-.INF",
  ".nan",
  "2024-02-29",
  "2024-01-01 00:00:00",
  "abc",
  "a b",
  "v1.2",
  "08",
  "0b101",
  "+3",
  "1__0",
  "_1",
  "0_7",
  "190:20:30",
  "190:20:30.15",
  "12e03",
  "-2E+05",
  "=",
  "<<",
  ".",
  "..",
  "-",
  "- x",
  "a:b",
  "#no",
  "x#y",
  "x #y",
  "@",
  "`",
  "%a",
  "!",
  "&",
  "*",
  "|",
  ">",
  "{}",
  "[]",
  "''",
  '""',
  "'1'",
  '"yes"',
]

t.test("thousands of generated scalars read as PyYAML reads them", async (t) => {
  const digits = fc.stringMatching(/^[-+]?[0-9_.:eE+xob]{1,10}$/)
  const scalar = fc.oneof(fc.constantFrom(...words), digits, fc.stringMatching(/^[a-zA-Z0-9_.:+-]{0,12}$/))
  const generated = fc.sample(
    fc
      .array(scalar, { minLength: 1, maxLength: 6 })
      .map((values) => values.map((value, n) => `k${n}: ${value}`).join("\n")),
    { numRuns: extent(1_000, 3_000), seed: 47 },
  )
  t.strictSame(mistakes(generated).slice(0, 5), [])
})

t.test("thousands of texts of a grammar read as PyYAML reads them", async (t) => {
  const generated = Array.from({ length: extent(1_500, 6_000) }, (_, n) => yamlText(2026, n))
  t.strictSame(mistakes(generated).slice(0, 5), [])
  t.ok(generated.filter((text) => parseYaml(text).root).length > generated.length / 6, "many of them can be read")
})

t.test("nested documents read as PyYAML reads them", async (t) => {
  const value: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ maxLength: 12 }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), tie("value"), { maxKeys: 3 }),
    ),
  })).value
  const generated = fc.sample(value, { numRuns: 600, seed: 11 }).map((one) => JSON.stringify({ root: one }))
  t.strictSame(mistakes(generated).slice(0, 5), [])
})

const hostile: readonly (readonly [string, string])[] = [
  [
    "aliases of aliases",
    [
      "a0: &a0 [x, x, x, x, x, x, x, x, x, x]",
      ...Array.from({ length: 12 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(10)}]`),
    ].join("\n"),
  ],
  [
    "merges of merges",
    [
      `m0: &m0 {${Array.from({ length: 500 }, (_, n) => `k${n}: 1`).join(", ")}}`,
      ...Array.from({ length: 500 }, (_, n) => `m${n + 1}: &m${n + 1} { <<: *m${n}, z${n}: 1 }`),
    ].join("\n"),
  ],
  ["brackets", "[".repeat(1_000_000)],
  ["dashes", "- ".repeat(1_000_000)],
  ["question marks", "? ".repeat(1_000_000)],
  ["stairs", Array.from({ length: 1_000 }, (_, n) => `${" ".repeat(n)}a:`).join("\n")],
  ["many values", `[${"x,".repeat(400_000)}]`],
  ["many anchors", Array.from({ length: 80_000 }, (_, n) => `- &a${n} 1`).join("\n")],
  ["many keys", Array.from({ length: 200_000 }, (_, n) => `k${n}: 1`).join("\n")],
  ["digits", `a: ${"9".repeat(1_000_000)}`],
  ["sexagesimal digits", `a: 1${":1".repeat(500_000)}`],
  ["50 MB", "a: b\n".repeat(10_000_000)],
]

t.test("bombs and depths are refused with a place, quickly", async (t) => {
  for (const [what, text] of hostile) {
    let read = parseYaml("")
    const seconds = processorSeconds(() => (read = parseYaml(text)))
    const { root, findings } = read
    const place = { line: Number, column: Number }
    if (what !== "many anchors")
      t.match({ root, findings }, { root: null, findings: [{ severity: "error", at: place }] }, what)
    t.ok(JSON.stringify(findings).length < 30_000, `${what}: a short message`)
    t.ok(seconds < 30, `${what} takes ${seconds} s`)
  }
})

t.test("a second document and a duplicate key are told with their line and column", async (t) => {
  t.match(parseYaml("a: 1\n---\nb: 2\n").findings, [{ severity: "error", code: "yaml-syntax", at: { line: 2 } }])
  t.match(parseYaml("a: 1\nb:\n  c: 1\n  c: 2\n").findings, [
    { severity: "warning", code: "yaml-duplicate-key", at: { line: 4, column: 3 } },
  ])
  t.match(parseYaml("a: [1\nb: 2\n").findings, [{ code: "yaml-syntax" }])
})

t.test("what is wrong with the layout is said in words of the file", async (t) => {
  const cases: readonly (readonly [string, RegExp, number])[] = [
    ["- name: ecs\n    version: 1\n", /indented deeper than line 1/u, 2],
    ["a: b: c\n", /in quotes/u, 1],
    ["TOML = 1 # x\nNEXT = 2\n", /belongs to nothing/u, 2],
    ['"""\ntext\n"""\n', /belongs to nothing/u, 1],
  ]
  for (const [text, message, line] of cases)
    t.match(parseYaml(text).findings, [{ code: "yaml-syntax", message, at: { line } }], text)
})

const advised: readonly (readonly [string, string, RegExp])[] = [
  ["a placeholder without quotes", "image: {{ x }}", /must stand in quotes: "\{\{ x \}\}"$/],
  [
    "with more behind it",
    "- image: {{ r }}/etl:{{ t }} # why",
    /must stand in quotes: "\{\{ r \}\}\/etl:\{\{ t \}\}"$/,
  ],
  ["as an item", "tags:\n  - {{ $T }}", /must stand in quotes: "\{\{ \$T \}\}"$/],
  ["in a list of one line", "tags: [a, {{ $T }}]", /must stand in quotes: "\{\{ \$T \}\}"$/],
  ["with a colon behind it", "image: {{ r }}/x: y", /must stand in quotes/],
  ["a cron text without quotes", "cron: */5 * * * *", /must stand in quotes: "\*\/5 \* \* \* \*"$/],
  ["one of stars only", "- cron: * * * * *", /must stand in quotes: "\* \* \* \* \*"$/],
  ["a text behind a closing quote", 'a: "a" b', /nothing can follow the closing "/],
  ["two quoted texts", 'a: "a" "b"', /nothing can follow the closing "/],
  ["a quote in single quotes", "a: 'it's'", /'' for a quote inside/],
  ["a text behind a list", "a: [x] y", /nothing can follow the closing \]/],
]

t.test("a slip that everybody makes is told with what to write", async (t) => {
  for (const [what, text, message] of advised) {
    const { root, findings } = parseYaml(text)
    t.equal(root, null, what)
    t.match(findings, [{ code: "yaml-syntax", message }], what)
  }
  // A placeholder in quotes on the line is not what is wrong there.
  t.notMatch(parseYaml('a: "{{ x }}" b').findings[0]?.message, /begins with/)
})

t.test("no text at all makes it throw", async (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary", maxLength: 300 }),
        fc.stringMatching(/^[-:{}[\],&*!|>'"%@`#?\sa-c0-2]{0,80}$/),
      ),
      (text) => parseYaml(text).findings.length >= 0,
    ),
    { numRuns: extent(1_000, 3_000) },
  )
  t.pass()
})
