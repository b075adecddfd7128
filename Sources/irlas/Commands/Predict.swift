import IRLASJSON
import ArgumentParser
import IRLASDSL
import IRLASGraph
import IRLASTraining

/// `irlas predict FILE [NETWORK] --weights CHECKPOINT --image IMAGE`
struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Classifies pictures (PNG, JPEG, PGM) with a trained network.",
    discussion: """
      Pictures are scaled to the network's input, and made grey where it takes one channel.

      Example:
        irlas predict samples/digits.irlas --weights run/checkpoint.safetensors --image seven.png
      """)

  @OptionGroup var source: ProgramOptions

  @Option(help: "The checkpoint.", completion: .file(extensions: ["safetensors"]))
  var weights: String

  @Option(parsing: .upToNextOption, help: "The pictures.", completion: .file())
  var image: [String]

  @Option(help: "How many classes to name for each picture.")
  var top = 3

  @OptionGroup var machine: MachineOptions
  @OptionGroup var kernels: KernelOptions
  @OptionGroup var arithmetic: ArithmeticOptions
  @OptionGroup var tuning: TuningOptions

  @Option(help: "text or json: a line for each picture.")
  var format = OutputFormat.text

  func run() throws {
    guard top > 0 else { throw CommandFailure.usage("--top takes a positive number, not \(top)") }
    let network = try source.elaborate().elaboration.graph
    let settings = try kernels.settings(threads: try machine.threadCount(), arithmetic, tuning)
    let predictions = try reportingFailures { () throws(TrainingError) in
      let checkpoint = try Checkpoint.reading(weights)
      let pictures = try PictureBatch(paths: image, for: network, checkpoint: checkpoint, path: weights)
      let engine = try InferenceEngine(
        network: network, batch: min(image.count, 32), settings: settings)
      try engine.load(checkpoint, path: weights)
      KernelOptions.report(engine.remarks)
      return try engine.predictions(for: pictures)
    }
    for (path, ranked) in zip(image, predictions) {
      let best = ranked.prefix(top)
      switch format {
      case .text:
        let list = best.map { "\($0.name) \(percent($0.probability))" }.joined(separator: ", ")
        StandardOutput.line("\(path): \(list)")
      case .json:
        StandardOutput.line(
          JSON.object([
            .init("image", .string(path)),
            .init(
              "classes",
              .array(
                best.map {
                  .object([
                    .init("class", .integer(Int64($0.index))), .init("name", .string($0.name)),
                    .init("probability", .number($0.probability)),
                  ])
                })),
          ]).line)
      }
    }
  }
}
