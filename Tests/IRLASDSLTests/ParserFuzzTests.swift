import IRLASTestSupport
import Testing

@testable import IRLASDSL

@Suite struct ParserFuzzTests {
  /// Damaged programs: the parser neither stops nor loses a byte, and its messages can be shown.
  @Test func damagedProgramsNeverStopTheParser() {
    let count = Fuzzing.count(20_000)
    let seed = Fuzzing.seed(20_170_326)
    print("parser fuzz: \(count) mutations of seed \(seed)")
    let mutator = ProgramMutator(samplePrograms.map(\.text), seed: seed)
    var intact = 0
    for index in 0..<count {
      let bytes = mutator.mutation(index)
      let source = SourceFile(name: "fuzz.irlas", utf8: bytes)
      let (tree, diagnostics) = parse(source)
      if tree.printed() != bytes {
        Issue.record("mutation \(index) of seed \(seed) is not printed as it was")
      }
      if diagnostics.isEmpty { intact += 1 }
      if diagnostics.contains(where: { Int($0.span.upper) > bytes.count }) {
        Issue.record("mutation \(index) of seed \(seed) has a message outside the text")
      }
      if index % 50 == 0 {
        let renderer = DiagnosticRenderer(sources: SourceSet(source))
        let texts = diagnostics.map { renderer.render($0) + renderer.renderJSON($0) }
        if texts.contains(where: \.isEmpty) {
          Issue.record("mutation \(index) of seed \(seed) has an empty message")
        }
      }
    }
    // Mutations that leave no mistake are few (inside comments, names, numbers), but there are some.
    #expect(intact > 0)
    #expect(intact < count / 2)
  }
}
