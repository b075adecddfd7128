import IRLASCompiler
import IRLASDSL
import IRLASGraph
import Testing

@testable import IRLASTraining

@Suite struct SupernetTests {
  /// The bundled digits.
  static let digits: String = {
    let parts = #filePath.split(separator: "/").dropLast(3)
    return "/" + parts.joined(separator: "/") + "/samples/data/digits"
  }()

  private let recipe = Recipe(
    name: "Digits", data: Recipe.DataSource(format: .idx, validation: 600),
    augmentation: [.shift(1), .normalize],
    batch: 32, optimizer: .sgd(learningRate: 0.1, momentum: 0.9, nesterov: false, decay: 1e-4),
    schedule: [.cosine], seed: 4)

  private func relaxation() throws -> Relaxation {
    let text = """
      irlas 1
      space Net {
        in x: [1, 8, 8]
        h = x -> conv(3x3, 8) -> bn -> relu
        y = h -> choose(none: zero, noise: dropout(0.9), conv: conv(3x3, 8) -> bn -> relu)
        z = y -> dropout(0.1) -> maybe(sigmoid)
        return z -> max_pool(2x2, stride: 2) -> flatten -> linear(10)
      }
      """
    let program = Program.load(entry: SourceFile(name: "n.irlas", text: text)) { _ in .missing }
    try #require(program.diagnostics.isEmpty)
    return try #require(program.space(named: "Net").space?.relaxed().relaxation)
  }

  private func request(_ folder: String, epochs: Int = 3, threads: Int = 1) throws -> SupernetSession.Request
  {
    let relaxed = try relaxation()
    return SupernetSession.Request(
      network: relaxed.graph,
      decisions: relaxed.decisions.map {
        SupernetDecision(name: $0.name, count: $0.labels.count, logits: $0.logits)
      },
      recipe: recipe, dataFolder: Self.digits, folder: folder, epochs: epochs, rate: 0.05,
      settings: EngineSettings(
        tier: .prebuilt, toolchain: ToolchainOptions(cacheDirectory: folder), threads: threads))
  }

  /// The decisions move to what the network needs, the losses fall, and threads change nothing.
  @Test func learnsWhatIsNeeded() throws {
    let (one, two) = (TemporaryFolder(), TemporaryFolder())
    var losses: [Double] = []
    let summary = try trainSupernet(
      request(one.path), report: { if case .epoch(_, let train, _) = $0 { losses.append(train) } })
    #expect(losses.count == 3 && losses[2] < losses[0], "\(losses)")
    #expect(!summary.wasInterrupted && summary.epochs == 3)
    let first = summary.probabilities[0]
    #expect(first.count == 3 && abs(first.reduce(0, +) - 1) < 1e-12)
    #expect(first[2] == first.max() && first[2] > 0.4, "\(first)")
    #expect(try trainSupernet(request(two.path, threads: 3)) == summary)
    #expect(
      try FileBytes.read(one.file(SupernetSession.checkpointName))
        == FileBytes.read(two.file(SupernetSession.checkpointName)))
  }

  /// A run that was interrupted goes on to the same result.
  @Test func resumes() throws {
    let (straight, broken) = (TemporaryFolder(), TemporaryFolder())
    let expected = try trainSupernet(request(straight.path, epochs: 2))
    var steps = 0
    let stopped = try trainSupernet(request(broken.path, epochs: 2), isInterrupted: { steps >= 45 }) {
      if case .step = $0 { steps += 1 }
    }
    #expect(stopped.wasInterrupted && stopped.epochs == 1)
    #expect(try trainSupernet(request(broken.path, epochs: 2)) == expected)
    // What is finished stays.
    #expect(try trainSupernet(request(broken.path, epochs: 2)) == expected)
    // A training of another length begins anew.
    let longer = TemporaryFolder()
    #expect(
      try trainSupernet(request(broken.path, epochs: 1)) == trainSupernet(request(longer.path, epochs: 1)))
  }

  /// What is preferred beside the accuracy draws the decisions towards it.
  @Test func followsAPreference() throws {
    let folder = TemporaryFolder()
    let summary = try trainSupernet(
      request(folder.path, epochs: 1),
      preference: { probabilities, _ in
        // The slope of 100 times the probability of the second option of the second decision.
        let p = probabilities[1]
        return [[0, 0, 0], [-100 * p[1] * p[0], 100 * p[1] * (1 - p[1])]]
      })
    #expect(summary.probabilities[1][1] > 0.7, "\(summary.probabilities)")
  }

  /// Without validation images there is nothing to learn decisions on.
  @Test func needsValidationImages() throws {
    let folder = TemporaryFolder()
    var request = try request(folder.path)
    request.recipe.data.validation = 0
    #expect(throws: TrainingError.self) { try trainSupernet(request) }
  }

  /// Adam's first step has the length of the rate, whatever the size of the gradient; what it writes reads back.
  @Test func adam() throws {
    var vector = AdamVector(count: 2)
    vector.move(against: [1000, -0.01], AdamVector.Options(rate: 0.1, decay: 0))
    #expect(abs(vector.values[0] + 0.1) < 1e-6 && abs(vector.values[1] - 0.1) < 1e-6)
    vector.move(against: [0, 0], AdamVector.Options(rate: 0.1))
    #expect(AdamVector(vector.text, count: 2) == vector)
    #expect(AdamVector(vector.text, count: 3) == nil)
    #expect(AdamVector("1 nan 0 0", count: 1) == nil)
  }
}
