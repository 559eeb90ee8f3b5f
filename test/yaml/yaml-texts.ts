import { Dice } from "../support/dice.ts"

/**
 * YAML texts from a grammar: what people write, what they could, and small accidents in it. Text `n` of a seed is always
 * the same one.
 */
export function yamlText(seed: number, n: number): string {
  const dice = new Dice(seed * 1_000_003 + n)
  const writer = new Writer(dice)
  const start = dice.pick([
    "",
    "",
    "",
    "",
    "---\n",
    "# comment\n",
    "\ufeff",
    "%YAML 1.1\n---\n",
    "\n\n",
    "--- # here\n",
  ])
  const end = dice.pick([
    "",
    "",
    "",
    "\n",
    "\n",
    "\n",
    "\n",
    "\n",
    "\n",
    "\n",
    "\n...\n",
    "\n# end",
    "\n---\n",
    "\n---\nb: 2\n",
    "  \n",
    "\n\n",
  ])
  const body = dice.oneIn(20) ? writer.value(0, 3) : writer.block(0, 3)
  return damaged(dice, newlines(dice, start + body.replace(/\n$/, "") + end))
}

const words =
  `yes No on OFF y n true False ~ null Null NULL nULL 0 -0 +12 017 0777 08 0o7 0x1f 0X1F 0b101 1_000 1__0 _1 0_7
  1:30 12:30:45 190:20:30.15 1:60 -1:30 1e3 1.5e3 1.5e+3 -2.E+05 12e03 .5 -.5 +.5 1. 1.0 2.50 1e+400 1.0e+400 .1e-7 1.5e-9 .inf -.INF +.Inf .nan .NaN
  2024-01-01 2024-02-30 2024-13-01 2024-1-1 2024-01-01T00:00:00 2024-01-01T00:00:00Z 2024-01-01t1:02:03.5+02:00 2024-01-01T25:00:00
  2024-01-01T01:02:03.123456789-05 2024-01-01T01:02:03+25:00 2024-01-01T01:02:03-0 0000-01-01 2024-01-01T23:59:60Z 2024-01-01T00:00:00+99:59
  abc v1.2 1.2.3 main ./x . .. - -- = << @x a:b x#y #no %a ! & * | > ? : , [ ] { } &a *a !!str '' "" '1' "yes" 12345678901234567890123 9007199254740993 *b ? -x 50% http://h/p?q=1
  a@b {{ }} {{x}} \`z\` é 日本 😀 <<: 1,2 a,b key:value [x] {x} 'it''s' "tab\\t" "\\u00e9\\x41\\U0001F600\\n" "\\q" "\\ " "\\/" 'a' 'a"b' "a'b" -.5e-3 0.1e+2 0x 0b 0x_ 0_ 1_ 1e+3`.split(
    /\s+/,
  )
/** Values that nothing is wrong with. */
const sound = [
  ..."yes No on y ~ null 0 017 0x1f 1_000 1:30 1e3 1.5e+3 .5 1. 2.50 .inf .nan 2024-01-01 2024-01-01T00:00:00Z abc v1.2".split(
    " ",
  ),
  ..."main ./x . a:b x#y 'it''s' '1' '' \"yes\" 12345678901234567890123 9007199254740993 http://h/p?q=1 a@b é 日本 😀".split(
    " ",
  ),
  '"\\u00e9"',
  '"tab\\t"',
  "08",
  "0o7",
  "-.5",
  "190:20:30",
  "'a \"b\"'",
  `"a 'b'"`,
  "-x",
  "=x",
  "?x",
  ":x",
  "<x",
]
const spaced = [
  "2024-01-01 00:00:00",
  "2024-01-01 01:02:03 +02:00",
  "2024-01-01 01:02:03.25 Z",
  "a b c",
  "two  spaces",
  "x # comment",
  "x #",
  "a: b",
  "a :b",
  "- a",
  "{{ $X }}",
  "'{{ $X }}'",
  '"{{ a.b }} c"',
  "! x",
  "!!str 12",
  "!!str 2024-01-01",
  "!!int '12'",
  '!!int "0x1F"',
  "!!int 1.5",
  "!!float 1",
  "!!float '.inf'",
  "!!float abc",
  "!!bool 'yes'",
  "!!bool maybe",
  "!!null ''",
  "!!null x",
  "!!null",
  "!!str",
  "!!timestamp '2024-01-01'",
  "!!timestamp x",
  "!!binary aGk=",
  "!!set {a, b}",
  "!!omap [a: 1]",
  "!!seq [a]",
  "!!map {a: 1}",
  "!!seq {a: 1}",
  "!!map [a]",
  "!!str [a]",
  "!!python/none x",
  "!custom x",
  "!<tag:yaml.org,2002:str> 1",
  "!<tag:yaml.org,2002:int> '3'",
  "!e!x 1",
  "&a 1",
  "&a",
  "&a !!str 1",
  "!!str &a 1",
  "*a",
  "*b",
  "*a ",
  "&a [x, y]",
  "&b { k: 1, m: 2 }",
  "&a-b.c 1",
  "*a-b.c",
]

class Writer {
  readonly #dice: Dice

  constructor(dice: Dice) {
    this.#dice = dice
  }

  /** Lines of a mapping or a list at `indent`; the first one too. */
  block(indent: number, depth: number): string {
    return this.#dice.oneIn(4) ? this.#list(indent, depth) : this.#mapping(indent, depth)
  }

  #mapping(indent: number, depth: number): string {
    const pad = " ".repeat(indent)
    return this.#dice.some(1, 4, (n) => `${this.#noise(indent)}${pad}${this.#pair(n, indent, depth)}`).join("\n")
  }

  #pair(n: number, indent: number, depth: number): string {
    const dice = this.#dice
    if (dice.oneIn(24)) {
      const merged = dice.pick([
        "*b",
        "[*b, *c]",
        "{ x: 1, k: 0 }",
        "[{ x: 2 }, { x: 3, z: 1 }]",
        "*a",
        "1",
        "",
        "[*b, 1]",
      ])
      return `<<: ${merged}`
    }
    if (dice.oneIn(40))
      return `? ${this.value(indent + 2, depth - 2)}\n${" ".repeat(indent)}: ${this.value(indent + 2, depth - 1)}`
    const anchor = dice.oneIn(16) ? dice.pick([" &a", " &b", " &c", " !!map", " !!seq", " !!str", " !x"]) : ""
    const colon = dice.oneIn(30) ? dice.pick([" :", "  :", ":\t", "\t:"]) : ":"
    return `${this.#key(n)}${colon}${anchor}${this.#after(indent, depth)}`
  }

  #key(n: number): string {
    const dice = this.#dice
    if (!dice.oneIn(6)) return dice.pick([`k${n}`, `k${dice.below(4)}`, "name", "a-b", "c_d"])
    return dice.pick([
      "'q'",
      '"q\\t"',
      "1",
      "'1'",
      "1.5",
      "2.0",
      "true",
      "null",
      "~",
      "2024-01-01",
      "a b",
      "=",
      "0x1F",
      "yes",
      "-1",
      ".inf",
      "é",
      "!!str 1",
      "&a k",
      "*a",
      "[x]",
      "{ x: 1 }",
      "1e+3",
      "1.0e+20",
      ".5e-8",
      "?x",
      "-x",
      "a#b",
      "",
      "'<<'",
    ])
  }

  /** What stands behind `key:` or `-`. */
  #after(indent: number, depth: number): string {
    const dice = this.#dice
    const deeper = indent + dice.pick([1, 2, 2, 2, 4])
    if (depth > 0 && dice.oneIn(4)) return `${dice.pick(["", "", " ", " # c"])}\n${this.block(deeper, depth - 1)}`
    if (depth > 0 && dice.oneIn(12)) return `\n${this.#list(indent, depth - 1)}`
    if (dice.oneIn(5)) return ` ${this.#blockScalar(deeper)}`
    return `${dice.oneIn(20) ? dice.pick(["", "\t", "  ", "   ", "  "]) : " "}${this.value(deeper, depth)}${dice.oneIn(8) ? dice.pick([" # c", " #c", "  # c", " ", "#c", dice.oneIn(6) ? "\t# c" : ""]) : ""}`
  }

  #list(indent: number, depth: number): string {
    const dice = this.#dice
    const pad = " ".repeat(indent)
    return dice
      .some(1, 4, () => {
        const item =
          dice.oneIn(4) && depth > 0 ? ` ${this.block(indent + 2, depth - 1).trimStart()}` : this.#after(indent, depth)
        return `${this.#noise(indent)}${pad}-${item}`
      })
      .join("\n")
  }

  /** A value on one line or in several, without a line end behind it. */
  value(indent: number, depth: number): string {
    const dice = this.#dice
    if (depth > 0 && dice.oneIn(5)) return this.#flow(indent, depth)
    if (dice.oneIn(9)) return this.#folded(indent)
    if (dice.oneIn(18)) return dice.pick(spaced)
    return dice.pick(dice.oneIn(12) ? words : sound)
  }

  /** A scalar over several lines. */
  #folded(indent: number): string {
    const dice = this.#dice
    const quote = dice.pick(["", "", "'", '"'])
    const lines = dice.some(2, 4, () =>
      dice.pick([
        "one",
        "two words",
        "",
        "  three",
        "it''s",
        "more",
        "2",
        "yes",
        "# four",
        "a: b",
        "- c",
        "x \\",
        "2",
        "'",
        "tab\t",
        "end  ",
      ]),
    )
    const pad = " ".repeat(dice.pick([indent, indent, indent + 1, Math.max(indent - 1, 0)]))
    return quote + lines.join(`\n${pad}`) + quote
  }

  #blockScalar(indent: number): string {
    const dice = this.#dice
    const header =
      dice.pick(["|", ">"]) +
      dice.pick(dice.oneIn(6) ? ["2", "1", "2-", "+1", "-4", "0", "x", "#c", "-+"] : ["", "", "", "-", "+", " # c"])
    const pad = " ".repeat(Math.max(indent, 1))
    const lines = dice.some(0, 5, () =>
      dice.pick([
        `${pad}text`,
        `${pad}more text`,
        "",
        pad,
        `${pad}  deep`,
        `${pad}# no comment`,
        `${pad}\ttab`,
        "  ",
        `${pad}- x`,
        `${pad}end `,
        " one",
        `${pad}a: b`,
      ]),
    )
    return [header, ...lines].join("\n")
  }

  #flow(indent: number, depth: number): string {
    const dice = this.#dice
    const comma = dice.pick([", ", ",", " , ", `,\n${" ".repeat(indent)}`, ", # c\n  "])
    const inner = (): string => this.value(indent + 1, depth - 1)
    if (dice.oneIn(2)) {
      const items = dice.some(0, 3, () => (dice.oneIn(8) ? `k: ${inner()}` : inner()))
      return `[${items.join(comma)}${dice.pick(["", "", " ", ",", ", "])}]`
    }
    const items = dice.some(0, 3, (n) =>
      dice.pick([
        `k${n}: ${inner()}`,
        `k${n}: ${inner()}`,
        `"k${n}":${inner()}`,
        `k${n}`,
        `k${n}:`,
        `k${n}:${inner()}`,
        `? k${n} : 1`,
        "<<: *b",
        `${this.#key(n)}: 1`,
      ]),
    )
    return `{${dice.pick(["", " "])}${items.join(comma)}${dice.pick(["", " ", ","])}}`
  }

  /** Comments and empty lines between others. */
  #noise(indent: number): string {
    const dice = this.#dice
    if (!dice.oneIn(10)) return ""
    if (dice.oneIn(15)) return dice.pick(["\t\n", "\t# tab\n"])
    return dice.pick(["\n", `${" ".repeat(indent)}# note\n`, "# at the left\n", "  \n"])
  }
}

function newlines(dice: Dice, text: string): string {
  if (dice.oneIn(15)) return text.replaceAll("\n", "\r\n")
  return dice.oneIn(60) ? text.replaceAll("\n", "\r") : text
}

/** One accident: a character less, more, or another. */
function damaged(dice: Dice, text: string): string {
  if (!dice.oneIn(8) || text === "") return text
  const at = dice.below(text.length)
  const put = dice.pick([
    "",
    "",
    "\t",
    " ",
    ":",
    "-",
    "#",
    "'",
    '"',
    "[",
    "]",
    "{",
    "}",
    ",",
    "&",
    "*",
    "!",
    "|",
    ">",
    "\n",
    "%",
    "@",
    "?",
    "\u0007",
    "\u00a0",
    "\u2028",
    "\u0085",
    "\ufeff",
    "\ud83d",
  ])
  return text.slice(0, at) + put + text.slice(at + (dice.oneIn(2) ? 1 : 0))
}
