import { globSync, readFileSync } from "node:fs"
import t from "tap"
import { Dice } from "../../support/dice.ts"
import { processorSeconds } from "../../support/effort.ts"
import { extent } from "../../support/extent.ts"
import { installPrefect } from "../prefect.ts"
import { askCPython } from "./cpython.ts"
import { damaged } from "./damage.ts"
import { difference, outlineOf } from "./outline.ts"
import { read } from "./read.ts"

const seed = 20_261_125
const damagedMin = extent(800, 3_000)
const { python, packages } = installPrefect()
const files = globSync(["pydantic/**/*.py", "prefect/*.py", "prefect/utilities/**/*.py", "rich/*.py", "yaml/*.py"], {
  cwd: packages,
})
  .map((file) => `${packages}/${file}`)
  .toSorted()

t.test("well-known packages read as CPython reads them: every definition, default and import", async (t) => {
  t.ok(files.length > 250, "they are installed")
  const answers = askCPython(
    python,
    files.map((path) => ({ path })),
  )

  for (const [index, path] of files.entries()) {
    const { module, error } = read(readFileSync(path, "utf8"))

    t.equal(error, null, path)
    t.equal(module && difference(answers[index]?.outline ?? [], outlineOf(module)), null, path)
  }
})

t.test("damaged files are refused exactly where CPython refuses them", async (t) => {
  const dice = new Dice(seed)
  const texts: string[] = []
  while (texts.length < damagedMin) texts.push(...damaged(dice, readFileSync(dice.pick(files), "utf8")))
  // CPython reads f-strings by other rules before 3.12, and lacks some statements; those stand in a table below.
  const old = texts.filter((text) => !/\b[rR]?[fF]["']/u.test(text))
  const answers = askCPython(
    python,
    old.map((text) => ({ text })),
  )

  const refused = answers.filter(({ error }) => error !== null).length
  t.ok(refused > old.length / 2 && refused < old.length, `${refused} of ${old.length} are refused`)
  for (const [index, text] of old.entries()) {
    const theirs = answers[index]?.error ?? null
    const { error } = read(text)

    if ((theirs === null) !== (error === null)) t.fail(`CPython: ${theirs}, here: ${error}`, { text })
  }
})

const newer: readonly [version: string, text: string][] = [
  ["3.9", "@(yield_ := f)[0].x\ndef g(): pass"],
  [
    "3.10",
    "match x:\n    case [b, *more] | {'a': b, **more} if more: pass\n    case C(a, k=None) as c: pass\n    case _: pass",
  ],
  ["3.10", "match = 1; case = match; type = case; print(match, case[0], type(x))\nmatch(x)\nmatch [a, b]\nmatch -1"],
  ["3.10", "with (open(a) as b, open(c) as d,): pass\nwith (a, b): pass\nwith (a) as b: pass\nwith (yield_): pass"],
  ["3.11", "try: pass\nexcept* (A, B) as e: pass\nx[*a, 1:2]\ndef f(*args: *Ts): pass"],
  [
    "3.12",
    "type X[T: int, *Ts, **P] = list[T]\ndef f[T](x: T) -> T: pass\nclass C[T: (int, str)](B, metaclass=M): pass",
  ],
  [
    "3.12",
    "x = f'{f'{a['b']}'!r:>{width}}' f\"{x!r}{y:%H:%M}{{}}\"\ny = f'''{\n  a # no brace }\n}'''\nz = f'{a:{b}.{c}}{d=}'",
  ],
  ["3.12", "x = rf'\\{a}\\d' + f'\\N{BULLET}{a}' + f'{lambda_:x}{(lambda x: 1)}{a != b}{ {1: 2}[1] }'"],
  ["3.13", "class C[T = int]: pass\ntype A[*Ts = *tuple[int]] = B[*Ts]"],
  ["3.14", "try: pass\nexcept A, B: pass\nexcept* C: pass".replace("*", "")],
  ["3.14", "x = t'{a} and {b!r}'"],
  [
    "3",
    "async def f():\n    async with a as b, c: await d\n    async for e in g: yield e\n    return\n    x = [await y async for y in z]",
  ],
  ["3", "def f(a, /, b, *, c=1, **d): nonlocal_ = lambda *a, b=1, **c: (yield)\n"],
  ["3", "if x:\n\tpass\nelif y: pass\nelse:\n        pass\n# end\n\f\nx = 1if y else-1;y=0xfor x in z"],
  [
    "3",
    "x = (yield_)\nx: int\nx.y: int = 3\n(x): int = 1\nx, *y = z = a = b'a' rb'\\d'\nx = 10_000.5e-3j, .5, 5., 0o17, 0b1, 00",
  ],
  ["3", "ª = ℌello = 1\nx = 'a\\\nb' '''c\n'''\nif 1: pass; x = 2\nfor x, in y: break\nelse: pass"],
]

t.test("what later versions of Python added is read as well", async (t) => {
  for (const [version, text] of newer) t.equal(read(`${text}\n`).error, null, `${version}: ${text}`)
})

const refused: readonly [text: string, message: RegExp][] = [
  ["print 'x'", /invalid syntax/u],
  ["exec 'x' in y", /invalid syntax/u],
  ["def f(a=1, b): pass", /without a default/u],
  ["def f(a, a): pass", /duplicate argument/u],
  ["f(a=1, a=2)", /repeated/u],
  ["f(**a, *b)", /follows/u],
  ["f(x for x in y, 1)", /parenthesized/u],
  ["f() = 1", /cannot assign to a call/u],
  ["a + b = 1", /cannot assign/u],
  ["None = 1", /cannot assign to None/u],
  ["x = *a", /starred/u],
  ["return 1", /outside function/u],
  ["class A:\n    yield 1", /outside function/u],
  ["def f(): await x", /async function/u],
  ["break", /outside loop/u],
  ["try: pass\nexcept: pass\nexcept A: pass", /must be last/u],
  ["try: pass", /'except' or 'finally'/u],
  ["x = 1\nfrom __future__ import annotations", /beginning/u],
  ["'a'\nfrom __future__ import division\n'b'\nfrom __future__ import annotations", /beginning/u],
  ["if x:\n    from __future__ import annotations", /beginning/u],
  ["from __future__ import nothing", /not defined/u],
  ["class A(x for x in y): pass", /base/u],
  ["def f():\n    from x import *", /module level/u],
  ["if x:\npass", /indented block/u],
  ["if x:\n    a\n  b", /unindent/u],
  ["if x:\n        a\n\tb", /tabs/u],
  [" x = 1", /indent/u],
  ["x = '\\x4'", /escape/u],
  ["x = '\\U00110000'", /escape/u],
  ["x = b'é'", /ASCII/u],
  ["x = 'a' b'b'", /mix/u],
  ["x = 0777", /leading zeros/u],
  ["x = 1__0", /invalid decimal/u],
  ["x = 1a", /invalid decimal/u],
  ["x = 'a", /unterminated/u],
  ["x = '''a", /unterminated/u],
  ["x = f'{a'", /f-string|unterminated/u],
  ["x = f'}'", /single '\}'/u],
  ["x = f'{}'", /expression required/u],
  ["x = f'{a!x}'", /conversion/u],
  ["x = f'{lambda x: 1}'", /.+/u],
  ["x = (1, [2)", /does not match/u],
  ["x = (1", /never closed/u],
  ["x = 1)", /unmatched/u],
  ["x = a ? b : c", /invalid character/u],
  ["x = a\\ b", /continuation/u],
  ["x = '\0'", /null bytes/u],
  [`x = ${"(".repeat(201)}${")".repeat(201)}`, /nested parentheses/u],
  [`x = ${"-".repeat(2_000)}1`, /nested/u],
]

t.test("what no version of Python takes is refused with a reason", async (t) => {
  for (const [text, message] of refused) t.match(read(`${text}\n`).error, message, text)
})

t.test("no text of a megabyte takes long or is too deep to be read", async (t) => {
  const hostile = [
    `x = f"${"\\N{".repeat(330_000)}"`,
    `x${"[0]".repeat(330_000)} = 1`,
    `${"a=".repeat(250_000)}[${"1,".repeat(200_000)}]`,
    `x = ${"a+".repeat(490_000)}1`,
    `x = ${"a if b else ".repeat(80_000)}1`,
    `x = ${"(not -lambda:[".repeat(66)}1${"])".repeat(66)}`,
    `x = [a ${"for a in b ".repeat(80_000)}]`,
    Array.from({ length: 99 }, (_, depth) => `${" ".repeat(depth)}with (a as b, c as d):\n`).join("") +
      " ".repeat(99) +
      "x",
    `f${"()".repeat(400_000)}`,
    "x;".repeat(200_000),
    `${"a=".repeat(200_000)}1`,
    `import ${"a,".repeat(200_000)}a`,
    `with x:\n${" a\n".repeat(160_000)}`,
    `x = 0${"9".repeat(900_000)}.5`,
  ]

  for (const text of hostile) {
    const seconds = processorSeconds(() => t.doesNotThrow(() => read(`${text}\n`), text.slice(0, 40)))
    t.ok(seconds < 30, `${text.slice(0, 40)} takes ${seconds} s`)
  }
})
