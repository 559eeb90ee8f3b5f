import { isMainThread, parentPort, workerData } from "node:worker_threads"
import { FlowReader } from "../../src/python/flow-reader.ts"

/** Few lines of Python whose values would take gigabytes, or hours. */
export const bombs: readonly (readonly [string, string])[] = [
  ["replace", "X = 'aaaaaaaaaa'\n" + "X = X.replace('a', 'aaaaaaaaaa')\n".repeat(9)],
  ["replace big", "X = 'a' * 100000\nX = X.replace('a', X)"],
  ["replace once", "X = 'a' * 50000\nX = X.replace('a', 'aaa')"],
  ["join", "X = 'a' * 100000\nX = X.join(['b'] * 1000)"],
  ["join2", "L = ['a' * 100000] * 1000\nX = ''.join(L)"],
  ["format", "T = '{0}' * 30000\nY = 'a' * 100000\nX = T.format(Y)"],
  ["percent", "T = '%s' * 1000\nY = ('a' * 100000,) * 1000\nX = T % Y"],
  ["fstring", "Y = 'a' * 100000\nX = f'" + "{Y}".repeat(20000) + "'"],
  ["width", "X = f\"{'a':>999999999}\""],
  ["width2", "X = '{:>999}'.format('a')\n" + "X = X + X\n".repeat(30)],
  ["list double", "X = [1]\n" + "X = X + X\n".repeat(40)],
  ["tuple double", "X = (1,)\n" + "X = X + X\n".repeat(40)],
  ["list nest", "X = [1] * 1000\nX = [X] * 1000\nX = [X] * 1000\nX = [X] * 1000"],
  ["shared", "X = [1]\n" + "X = [X, X]\n".repeat(60)],
  ["shared compare", "X = [1]\n" + "X = [X, X]\n".repeat(60) + "Y = X == X"],
  ["dict nest", "X = {'a': 1}\n" + "X = {'a': X, 'b': X}\n".repeat(60)],
  ["dict star", "A = {i: i for i in range(1000)}\nX = {" + "**A, ".repeat(50000) + "}"],
  ["power", "X = 2 ** 100000000"],
  ["power2", "X = 0x" + "f".repeat(190) + " ** 256 ** 3"],
  ["shift", "X = 1 << 100000000000"],
  ["shift2", "X = 1\n" + "X = X << 255\n".repeat(30)],
  ["mult", "X = 10\n" + "X = X * X\n".repeat(60)],
  ["decimal", "from decimal import Decimal\nX = Decimal('1e999999999')"],
  ["comp", "X = [a for a in range(1000) for b in range(1000) for c in range(1000)]"],
  ["comp text", "Y = 'a' * 100000\nX = [Y for a in range(1000)]"],
  ["path", "from pathlib import Path\nY = 'a' * 100000\nX = Path(" + "Y, ".repeat(20000) + ")"],
  ["dict text", "Y = 'a' * 100000\nX = {i: Y for i in range(1000)}"],
  ["range", "X = list(range(10**18))"],
  [
    "enum",
    "from enum import Enum\nY = 'a' * 90000\nclass E(Enum):\n" +
      Array.from({ length: 400 }, (_, i) => `    A${i} = Y + '${i}'`).join("\n") +
      "\nX = E.A1",
  ],
  ["repr", "X = 'a' * 100000\n" + "X = f'{X!r}'\n".repeat(20)],
  ["upper", "X = ('ß' * 50000).upper()"],
  [
    "nested call",
    "from pydantic import BaseModel\nclass M(BaseModel):\n    a: list = []\n    b: list = []\nX = M()\n" +
      "X = M(a=[X], b=[X])\n".repeat(30),
  ],
  ["adds", "X = " + "1+".repeat(20000) + "1"],
  ["attr", "X = a" + ".b".repeat(50000)],
]

if (!isMainThread && workerData === "read")
  parentPort?.postMessage(
    bombs.map((bomb) => ({ name: bomb[0], outcome: outcomeOf(bomb[1]) })),
    [],
  )

function outcomeOf(code: string): string {
  const text = `${code}\nfrom prefect import flow\n@flow\ndef f(x: str = X, y=X): pass\n`
  const reading = new FlowReader().read("flow.py", "f", () => ({ kind: "text", text }))
  if (reading.kind !== "facts") return reading.kind
  return reading.facts.schema.decided ? "decided" : "undecided"
}
