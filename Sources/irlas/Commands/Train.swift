import IRLASJSON
import ArgumentParser
import IRLASCompiler
import IRLASDSL
import IRLASGraph
import IRLASTraining

/// `irlas train FILE [NETWORK]`
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains a network by a recipe of its program.",
    discussion: """
      Writes OUT/checkpoint.safetensors (weights, optimiser, position) and OUT/metrics.jsonl (a line per epoch).
      Ctrl-C finishes the step and saves (exit code 130); --resume goes on to the same bytes.
      `samples_per_second` counts the time in training steps, `seconds` everything.

      Example:
        irlas train samples/digits.irlas --out run
      """)

  @OptionGroup var source: ProgramOptions

  @Option(help: "The recipe; needed when the file has more than one.")
  var recipe: String?

  @Option(help: "The data folder; the recipe's own by default.", completion: .directory)
  var data: String?

  @Option(help: "The folder of the run.", completion: .directory)
  var out: String

  @Option(help: "Another number of epochs than the recipe's.")
  var epochs: Int?

  @Option(help: "Another seed than the recipe's.")
  var seed: UInt64?

  @Option(help: "Another batch size than the recipe's.")
  var batch: Int?

  @Flag(help: "Go on from the checkpoint in OUT.")
  var resume = false

  @Option(
    name: .customLong("init"),
    help: "Start from these weights (safetensors); a head of another size starts afresh.",
    completion: .file(extensions: ["safetensors"]))
  var initial: String?

  @Option(help: "Steps between checkpoints within an epoch; 0 for none.")
  var checkpointEvery = 0

  @OptionGroup var machine: MachineOptions
  @OptionGroup var kernels: KernelOptions
  @OptionGroup var arithmetic: ArithmeticOptions
  @OptionGroup var tuning: TuningOptions
  @OptionGroup var limits: MemoryOptions

  @Option(help: "text, or json: end with one line of JSON.")
  var format = OutputFormat.text

  func run() throws {
    let (loaded, elaboration) = try source.elaborate()
    let recipe = try RecipeOverrides(epochs: epochs, seed: seed, batch: batch)
      .apply(to: try loaded.recipe(recipe))
    var request = TrainingSession.Request(
      network: elaboration.graph, recipe: recipe, dataFolder: try loaded.dataFolder(of: recipe, given: data),
      folder: out,
      settings: try kernels.settings(
        threads: try machine.threadCount(), arithmetic, tuning, memory: limits.memory))
    request.isResuming = resume
    request.initialWeights = initial
    guard checkpointEvery >= 0 else {
      throw CommandFailure.usage("--checkpoint-every takes a number from 0, not \(checkpointEvery)")
    }
    request.checkpointInterval = checkpointEvery
    try prepareFolder()
    let started = monotonicSeconds()
    Interruption.catchSignals()
    var display: TrainingDisplay?
    let summary = try reportingFailures { () throws(TrainingError) in
      var session = try TrainingSession(request)
      KernelOptions.report(session.remarks)
      display = TrainingDisplay(epochs: recipe.epochs, quiet: machine.quiet)
      return try session.run(isInterrupted: { Interruption.isRequested }, report: { display?.show($0) })
    }
    let seconds = monotonicSeconds() - started
    if summary.wasInterrupted {
      // A bar may stand on the line.
      StandardError.write(
        (StandardError.isTerminal && !machine.quiet ? "\n" : "")
          + "stopped in epoch \(summary.epochs + 1) of \(recipe.epochs); everything is saved\n"
          + "help: go on with the same command and --resume\n")
    }
    let rate = Double(summary.samples) / max(display?.stepSeconds ?? 0, 1e-9)
    switch format {
    case .json:
      StandardOutput.line(
        JSON.object([
          .init("epochs", .integer(Int64(summary.epochs))),
          .init("train_loss", .number(summary.trainLoss)),
          .init("test_accuracy", .number(summary.testAccuracy)),
          .init("seconds", .number((seconds * 1000).rounded() / 1000)),
          .init("samples_per_second", .number((rate * 10).rounded() / 10)),
          .init("checkpoint", .string(summary.checkpoint)),
        ]).line)
    case .text:
      if summary.epochs > 0 {
        StandardOutput.line(
          "test accuracy \(percent(summary.testAccuracy)), training loss \(decimal(summary.trainLoss, 4)) after "
            + "\(summary.epochs) epoch\(summary.epochs == 1 ? "" : "s") in \(decimal(seconds, 1)) s (\(Int(rate)) samples/s)"
        )
      }
      StandardOutput.line("checkpoint: \(summary.checkpoint)")
    }
    // As shells expect of a program that was interrupted.
    if summary.wasInterrupted { throw ExitCode(130) }
  }

  /// Makes the folder of the run; one that holds a run already is not overwritten.
  private func prepareFolder() throws {
    guard !out.isEmpty else { throw CommandFailure.usage("--out needs the name of a folder") }
    if resume, initial != nil { throw CommandFailure.usage("--resume and --init exclude each other") }
    let exists = FileBytes.exists(FileBytes.join(out, Trainer.checkpointName))
    if exists, !resume {
      throw CommandFailure.usage(
        "\(out) holds a run already: --resume goes on with it, another --out starts afresh")
    }
    if !exists, resume { throw CommandFailure.usage("\(out) holds no checkpoint to resume from") }
    do throws(FileError) {
      try FileBytes.createFolder(out)
    } catch {
      throw CommandFailure(error)
    }
  }
}

/// What the command line puts in place of a recipe's fields.
struct RecipeOverrides {
  var epochs: Int?
  var seed: UInt64?
  var batch: Int?

  func apply(to recipe: Recipe) throws(CommandFailure) -> Recipe {
    var recipe = recipe
    if let epochs {
      guard (0...1_000_000).contains(epochs) else {
        throw .usage("--epochs takes a number from 0 to 1000000, not \(epochs)")
      }
      recipe.epochs = epochs
    }
    if let seed { recipe.seed = seed }
    if let batch {
      guard (1...1_000_000).contains(batch) else {
        throw .usage("--batch takes a number from 1 to 1000000, not \(batch)")
      }
      recipe.batch = batch
    }
    return recipe
  }
}

/// A fraction as a percentage with two places.
func percent(_ fraction: Double) -> String { "\(decimal(fraction * 100, 2)) %" }

/// A number with a fixed count of places.
func decimal(_ value: Double, _ places: Int) -> String { fixed(value, places: places) }
