import IRLASTestSupport
import Testing

@testable import IRLASDSL

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct ParserFuzzTests {
  /// Damaged programs: the parser neither stops nor loses a byte, and its messages can be shown.
  ///
  /// `IRLAS_FUZZ_COUNT` sets how many (20,000 unless given), `IRLAS_FUZZ_SEED` the seed.
  @Test func damagedProgramsNeverStopTheParser() {
    let count = environment("IRLAS_FUZZ_COUNT") ?? 20_000
    let seed = environment("IRLAS_FUZZ_SEED") ?? 20_170_326
    print("parser fuzz: \(count) mutations of seed \(seed)")
    let mutator = ProgramMutator(samplePrograms.map(\.text), seed: UInt64(seed))
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

  private func environment(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
}
