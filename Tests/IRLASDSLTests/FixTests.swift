import Foundation
import IRLASTestSupport
import Testing

@testable import IRLASDSL

/// `irlas check --fix`: what it repairs, what it leaves alone, and that it never makes anything worse.
@Suite struct FixTests {
  private func fix(_ text: String) -> FixedProgram {
    Program.fix(entry: SourceFile(name: "main.irlas", text: text)) { _ in .missing }
  }

  private func fixed(_ text: String) -> String { String(decoding: fix(text).utf8, as: UTF8.self) }

  @Test func severalMistakesAtOnce() {
    let result = fix(
      """
      irlas 1
      network Net(stride: int = 2) {
        in x: [3, 32, 32]
        y = x → conv(3, 8, strid: stride) → bn;
        return if y.c = 8 && true { y } else { y -> max_poll(2x2) }
      }
      """)
    #expect(
      String(decoding: result.utf8, as: UTF8.self) == """
        irlas 1
        network Net(stride: Int = 2) {
          in x: [3, 32, 32]
          y = x -> conv(3x3, 8, stride: stride) -> bn
          return if y.c == 8 and true { y } else { y -> max_pool(2x2) }
        }
        """)
    #expect(result.errors.after == 0)
    #expect(result.refused.isEmpty)
    #expect(result.fixes.contains { $0.code == .unknownArgument && $0.text == "write `stride`" })
  }

  /// `fit` is not known before the library is used.
  @Test func aFixThatNeedsAnother() {
    let result = fix(
      """
      irlas 1
      network Net {
        in x: [3, 32, 32]
        y = x -> conv(3x3, 8)
        return y + x
      }
      """)
    #expect(
      String(decoding: result.utf8, as: UTF8.self) == """
        irlas 1
        use std
        network Net {
          in x: [3, 32, 32]
          y = x -> conv(3x3, 8)
          return y + (x -> fit)
        }
        """)
    #expect(result.fixes.map(\.code) == [.shapesDisagree, .unknownLayer])
  }

  /// Names that come to light after a fix of the grammar have fixes themselves.
  @Test func fixesBehindFixes() {
    #expect(
      fixed(
        "irlas 1\nuse sdt\nnetwork N {\n  in x: [3, 8, 8]\n  return x → Conv2d(3x3, 8, strid: 2) → ReLU;\n}\n"
      )
        == "irlas 1\nuse std\nnetwork N {\n  in x: [3, 8, 8]\n  return x -> conv(3x3, 8, stride: 2) -> relu\n}\n"
    )
  }

  /// Where several ways lead on, only the author can choose: a vector by averaging or by flattening, a check or the
  /// network, rounding up or down, a binding read or removed.
  @Test(arguments: [
    "return x -> linear(10)", "return x -> conv(3x3, 7 / 2)", "y = x -> relu\nreturn x",
    "a = x -> relu\nreturn a }\ncheck Net() { params == 3",
  ])
  func choicesOfTheAuthor(body: String) {
    let text = "irlas 1\nnetwork Net { in x: [3, 32, 32]\n\(body) }\n"
    let result = fix(text)
    #expect(String(decoding: result.utf8, as: UTF8.self) == text)
    #expect(result.fixes.isEmpty && result.errors.after == result.errors.before)
  }

  /// A fix behind which more errors hide is left out, and named.
  @Test func theNumberOfErrorsNeverGrows() {
    let text = """
      irlas 1
      use sdt
      cell A {
        in x
        y = x -> nothing_like_it
        return y -> another_one(3)
      }
      """
    let result = fix(text)
    #expect(String(decoding: result.utf8, as: UTF8.self) == text)
    #expect(result.errors.before == 1 && result.errors.after == 1 && result.fixes.isEmpty)
    #expect(result.refused.map(\.text) == ["write `std` for the standard library"])
  }

  @Test func goodProgramsStayAsTheyAre() throws {
    for path in try Samples.programs(in: "published").prefix(4) {
      let text = try String(contentsOf: Samples.folder.appendingPathComponent(path), encoding: .utf8)
      #expect(fixed(text) == text)
    }
  }

  /// Laws on damaged programs: the number of errors never grows, and fixing twice is fixing once.
  @Test func lawsOnDamagedPrograms() throws {
    let texts =
      try ["published/resnet20.irlas", "published/densenet40.irlas", "digits.irlas"].map {
        try String(contentsOf: Samples.folder.appendingPathComponent($0), encoding: .utf8)
      } + samplePrograms.prefix(6).map(\.text)
    let seed: UInt64 = 20_261_122
    let mutator = ProgramMutator(texts, seed: seed)
    var changed = 0
    for index in 0..<120 {
      let bytes = mutator.mutation(index)
      let result = Program.fix(entry: SourceFile(name: "main.irlas", utf8: bytes)) { _ in .missing }
      #expect(result.errors.after <= result.errors.before, "seed \(seed), mutation \(index)")
      let errors = Program.load(entry: SourceFile(name: "main.irlas", utf8: result.utf8)) { _ in .missing }
        .check().diagnostics.reduce(0) { $0 + ($1.severity == .error ? 1 : 0) + $1.omitted }
      #expect(errors == result.errors.after, "seed \(seed), mutation \(index)")
      let again = Program.fix(entry: SourceFile(name: "main.irlas", utf8: result.utf8)) { _ in .missing }
      #expect(again.utf8 == result.utf8 && again.fixes.isEmpty, "seed \(seed), mutation \(index)")
      if result.utf8 != bytes { changed += 1 }
    }
    #expect(changed > 15, "only \(changed) of 120 damaged programs had something to fix")
  }
}
