import IRLASTestSupport
import Testing

@testable import IRLASDSL

@Suite struct ParserTests {
  @Test(arguments: samplePrograms)
  func samplesParse(_ program: SampleProgram) { checkParses(program.text) }

  @Test func precedence() {
    checkExpression("a + b * c - d", "(sum a + (product b * c) - d)")
    checkExpression("a -> b -> c", "(chain a -> b -> c)")
    checkExpression("x * x -> gap", "(chain (product x * x) -> gap)")
    checkExpression("a or b and not c == d", "(or a or (and b and (not not (comparison c == d))))")
    checkExpression("a + 1 .. b * 2", "(range (sum a + 1) .. (product b * 2))")
    checkExpression("-a.b * -c", "(product (negation - (postfix a (member . b))) * (negation - c))")
    checkExpression("1 < 2 and 3 >= 4", "(and (comparison 1 < 2) and (comparison 3 >= 4))")
  }

  @Test func forms() {
    checkExpression(
      "conv(3x3, 64, stride: 2 then 1,)",
      "(call conv (argumentList ( (argument 3x3) , (argument 64) , (argument stride : (then 2 then 1)) , )))")
    checkExpression(
      "repeat 3 as i Block(i)",
      "(repetition repeat 3 as i (call Block (argumentList ( (argument i) ))))")
    checkExpression(
      "repeat 2..4 (A then B)", "(repetition repeat 2 .. 4 (parenthesized ( (then A then B) )))")
    checkExpression(
      "repeat (d.size) A", "(repetition repeat (parenthesized ( (postfix d (member . size)) )) A)")
    checkExpression(
      "sample Cell(reduce: true)",
      "(sample sample (call Cell (argumentList ( (argument reduce : true) ))))")
    checkExpression(
      "each v, i in xs { v -> f }",
      "(each each v , i in xs { (chain v -> f) })")
    checkExpression(
      "if a { b } else if c { d } else { e }",
      "(conditional (branch if a { b }) else (branch if c { d }) else { e })")
    checkExpression("(a)", "(parenthesized ( a ))")
    checkExpression("(a,)", "(tuple ( a , ))")
    checkExpression("[1, 2]", "(list [ 1 , 2 ])")
    checkExpression(
      "xs.first(2).sum", "(postfix xs (member . first (argumentList ( (argument 2) ))) (member . sum))")
    checkExpression(
      "f(repeat: 1, then: 2)",
      "(call f (argumentList ( (argument repeat : 1) , (argument then : 2) )))")
  }

  @Test func declarations() {
    let tree = checkParses(
      """
      //! About
      //! this file.
      irlas 1
      use std
      use a.b { c, d as e }
      use "found.irlas" { Block }

      /// A cell.
      /// Two lines.
      @atomic
      cell A(n, k: [Kernel] = [3x3], act: Layer = relu) {
        in s0, s1: [n, h, 2 * w], xs[m]: [c, 1, 1]
        shared f, g = conv(1x1, n)
        grow h[2..8] as i = x -> f
        require n % 2 == 0, "even"
        return a: s0, aux b: s1 -> f
      }
      check A(n: 3) { params == 3, macs <= 4M }
      recipe Quick = Cifar { epochs: 12  schedule: a then b  require: 1 }
      search S { over: Net require params < 1K seeds: [0] }
      """)
    let file = tree.root
    #expect(file.fileDocumentation == "About\nthis file.")
    #expect(file.version?.number == 1)
    #expect(file.uses.count == 3)
    guard case .module(let path) = file.uses[1].path, case .file(let found) = file.uses[2].path else {
      Issue.record("paths")
      return
    }
    #expect(path.map(\.name) == ["a", "b"])
    #expect(found.value == "found.irlas")
    #expect(file.uses[0].items == nil)
    #expect(file.uses[1].items?.map { $0.alias?.name ?? $0.name?.name } == ["c", "e"])
    guard file.declarations.count == 4, case .module(let module) = file.declarations[0],
      case .check(let check) = file.declarations[1], case .recipe(let recipe) = file.declarations[2],
      case .search(let search) = file.declarations[3]
    else {
      Issue.record("declarations")
      return
    }
    #expect(module.documentation == "A cell.\nTwo lines.")
    #expect(module.attributes.map { $0.name?.name } == ["atomic"])
    #expect(module.name?.name == "A")
    #expect(module.keyword == .cell)
    #expect(module.parameters.map { $0.name?.name } == ["n", "k", "act"])
    #expect(module.parameters[0].type == nil)
    #expect(module.parameters[0].defaultValue == nil)
    #expect(module.parameters[1].defaultValue?.text == "[3x3]")
    guard case .list(.named(let kernel), _)? = module.parameters[1].type else {
      Issue.record("type")
      return
    }
    #expect(kernel.name == "Kernel")
    #expect(module.inputs.map { $0.name?.name } == ["s0", "s1", "xs"])
    #expect(module.inputs[1].shape?.map(\.text) == ["n", "h", "2 * w"])
    #expect(module.inputs[2].count?.text == "m")
    #expect(module.inputs[0].count == nil)
    guard module.statements.count == 3, case .binding(let binding) = module.statements[0],
      case .grow(let grow) = module.statements[1], case .require(let require) = module.statements[2]
    else {
      Issue.record("statements")
      return
    }
    #expect(binding.isShared)
    #expect(binding.names.map(\.name) == ["f", "g"])
    #expect(grow.count.text == "2..8")
    #expect(grow.index?.name == "i")
    #expect(grow.element.text == "x -> f")
    #expect(require.condition.text == "n % 2 == 0")
    #expect(require.message?.value == "even")
    let outputs = module.returnStatement?.outputs ?? []
    #expect(outputs.map { $0.label?.name } == ["a", "b"])
    #expect(outputs.map(\.isAuxiliary) == [false, true])
    #expect(check.target?.name == "A")
    #expect(check.claims.map(\.text) == ["params == 3", "macs <= 4M"])
    #expect(check.arguments.map { $0.label?.name } == ["n"])
    #expect(recipe.base?.name == "Cifar")
    #expect(recipe.fields.map { $0.label?.name } == ["epochs", "schedule", "require"])
    #expect(search.fields.map { $0.label?.name } == ["over", "seeds"])
    #expect(search.requirements.map(\.condition.text) == ["params < 1K"])
  }

  @Test func anyWordIsALabelButStatementsNeedNoEnd() {
    checkParses("recipe R { then: 1 and: 2 or: a then b in: 3 cell: 4 }")
    checkParses("cell A { in x a = x b, c = a return b }")
    checkParses("cell `a b`(`in`) { in x return x -> `in` }")
    checkParses("")
    checkParses("irlas 1")
    checkParses("\u{FEFF}irlas 1 // end")
  }

  @Test func longListsAreFlat() {
    let links = 20_000
    let chain = "cell A { in x\n return x" + String(repeating: " -> f", count: links) + " }"
    guard case .module(let module)? = checkParses(chain).root.declarations.first,
      case .chain(let view)? = module.returnStatement?.outputs.first?.value
    else {
      Issue.record("no chain")
      return
    }
    #expect(view.links.count == links + 1)
    for (open, operation) in [
      ("a", "+ a"), ("a", "* a - b"), ("a", "or a"), ("a", ".b"), ("(a", "then a"), ("[a", ", a"),
    ] {
      let close = open == "(a" ? ")" : open == "[a" ? "]" : ""
      checkParses(
        "cell A { in x\n return \(open)" + String(repeating: " " + operation, count: links) + close + " }")
    }
    let conditional = String(repeating: "if a { b } else ", count: links) + "{ c }"
    checkParses("cell A { in x\n return \(conditional) }")
  }

  @Test(arguments: [
    "(", "[", "{", "- ", "not ", "f(", "if a { ", "each v in ", "repeat 3 ", "sample ", "a[", "x = (",
    "cell A { ", "cell A(", "}",
    ")", "cell A(a: [", "return ", "in x[", "(a, ", "a(b: ", "a ? ", "1 + (", "if (", "else ", "use a { ",
    "check A() { ", "recipe R { a: ",
    "a then ", "repeat ", "@", "\"", "`", "é", "→ ", "^", "x.", "x = ", "cell ", "then ", "a if ", "..",
    "a = b = ", "! ", "require ",
    "grow h[", "1..", "a < ",
  ])
  func anythingManyTimes(_ unit: String) {
    let many = String(repeating: unit, count: unit == "(" ? 100_000 : 10_000)
    for text in [
      many, "cell A {\n  in x\n  return " + many, "cell A {\n  in x\n  y = " + many + "\n  return y\n}\n",
    ] {
      let diagnostics = parsed(text).diagnostics
      #expect(diagnostics.count <= 101)
    }
  }

  @Test func nestingHasALimit() {
    for (open, close) in [("(", ")"), ("[", "]"), ("-", ""), ("f(", ")"), ("repeat 2 ", ""), ("not ", "")] {
      for (levels, count) in [(200, 0), (100_000, 1)] {
        let value = String(repeating: open, count: levels) + "x" + String(repeating: close, count: levels)
        let (tree, diagnostics) = parsed("cell A {\n  in x\n  return \(value)\n}\ncell B { in x return x }")
        #expect(diagnostics.map(\.code) == Array(repeating: .nestedTooDeeply, count: count), "\(open)")
        #expect(tree.root.declarations.count == 2)
      }
    }
  }
}
