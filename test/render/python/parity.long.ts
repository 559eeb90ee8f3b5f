import "./parity.test.ts"
