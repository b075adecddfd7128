import IRLASJSON
import ArgumentParser
import IRLASDSL
import IRLASGraph
import IRLASTraining

/// `irlas eval FILE [NETWORK]`
struct Eval: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures a trained network on the test images of its recipe.",
    discussion: "Example:\n  irlas eval samples/digits.irlas --weights run/checkpoint.safetensors")

  @OptionGroup var source: ProgramOptions

  @Option(help: "The checkpoint.", completion: .file(extensions: ["safetensors"]))
  var weights: String

  @Option(help: "The recipe; needed when the file has more than one.")
  var recipe: String?

  @Option(help: "The data folder; the recipe's own by default.", completion: .directory)
  var data: String?

  @OptionGroup var machine: MachineOptions
  @OptionGroup var kernels: KernelOptions
  @OptionGroup var arithmetic: ArithmeticOptions
  @OptionGroup var tuning: TuningOptions

  @Option(help: "text or json.")
  var format = OutputFormat.text

  func run() throws {
    let (loaded, elaboration) = try source.elaborate()
    let recipe = try loaded.recipe(recipe)
    let folder = try loaded.dataFolder(of: recipe, given: data)
    let settings = try kernels.settings(threads: try machine.threadCount(), arithmetic, tuning)
    let result = try reportingFailures { () throws(TrainingError) in
      let checkpoint = try Checkpoint.reading(weights)
      let images = try PreparedData(
        recipe: recipe, folder: folder, seed: recipe.seed,
        normalization: try checkpoint.normalization(path: weights))
      try images.check(against: elaboration.graph)
      let engine = try InferenceEngine(
        network: elaboration.graph, batch: min(recipe.batch, images.test.dataset.count),
        settings: settings)
      try engine.load(checkpoint, path: weights)
      KernelOptions.report(engine.remarks)
      return try engine.confusion(on: images.test)
    }
    switch format {
    case .json:
      StandardOutput.line(
        JSON.object([
          .init("test_accuracy", .number(result.accuracy)),
          .init("samples", .integer(Int64(result.count))),
          .init("confusion", .array(result.rows.map { .array($0.map { .integer(Int64($0)) }) })),
        ]).line)
    case .text:
      StandardOutput.line("test accuracy \(percent(result.accuracy)) on \(result.count) images")
      var table = Table(
        [("class", .left)] + result.rows.indices.map { ("\($0)", .right) } + [("right", .right)])
      for (label, row) in result.rows.enumerated() {
        let total = row.reduce(0, +)
        let share = total == 0 ? "-" : percent(Double(row[label]) / Double(total))
        table.add(["\(label)"] + row.map { $0 == 0 ? "." : "\($0)" } + [share])
      }
      for line in table.lines { StandardOutput.line(line) }
    }
  }
}
