import "./yaml-write.test.ts"
