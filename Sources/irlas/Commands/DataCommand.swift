import ArgumentParser
import IRLASTraining

/// `irlas data ...`
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Makes and inspects data sets.", subcommands: [Synth.self, Describe.self])

  /// `irlas data synth DIR`
  struct Synth: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a data set of ten kinds of drawn pictures, in CIFAR-10's binary format.",
      discussion: """
        The pictures take spatial structure to tell apart: a linear model stays below 60 %, a small ResNet exceeds
        90 %. Every picture is a function of the seed and its index.

        Example:
          irlas data synth data/synthetic --train 20000 --test 4000 --seed 1
        """)

    @Argument(help: "The folder to make.", completion: .directory)
    var folder: String

    @Option(help: "Height and width of the pictures.")
    var side = 32

    @Option(help: "How many training pictures.")
    var train = 20_000

    @Option(help: "How many test pictures.")
    var test = 4_000

    @Option(help: "Another seed gives other pictures.")
    var seed: UInt64 = 0

    @OptionGroup var machine: MachineOptions

    func validate() throws {
      let counts = 1...SyntheticDataset.countLimit
      for (name, count) in [("--train", train), ("--test", test)] where !counts.contains(count) {
        throw ValidationError("\(name) is from 1 to \(counts.upperBound), not \(count)")
      }
      let sides = SyntheticDataset.sides
      guard sides.contains(side) else {
        throw ValidationError("--side is from \(sides.lowerBound) to \(sides.upperBound), not \(side)")
      }
    }

    func run() throws {
      let threads = try machine.threadCount()
      let set = SyntheticDataset(side: side, trainCount: train, testCount: test, seed: seed)
      var progress = ProgressLine(
        title: "drawing", total: set.totalCount, unit: "pictures", quiet: machine.quiet)
      do throws(FileError) {
        try set.write(to: folder, threads: threads) { progress.update($0) }
      } catch {
        throw CommandFailure(error)
      }
      progress.finish(set.totalCount)
      StandardOutput.line(
        "\(folder): \(train) training and \(test) test pictures of \(side)x\(side), 10 classes")
    }
  }

  /// `irlas data describe DIR`
  struct Describe: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads a data set as training would and says what is in it.",
      discussion: "Example:\n  irlas data describe samples/data/digits")

    @Argument(help: "A folder with MNIST's IDX files or CIFAR's binary files.", completion: .directory)
    var folder: String

    func run() throws {
      do throws(FileError) {
        let format = try DatasetFormat.detect(folder)
        let splits = try format.load(folder)
        let shape = splits.training.shape.map(String.init).joined(separator: ", ")
        StandardOutput.line("\(folder): \(format.rawValue), images [\(shape)]")
        var table = Table([("class", .left), ("training", .right), ("test", .right)])
        let test = splits.test.classCounts
        for (index, count) in splits.training.classCounts.enumerated() {
          let names = splits.training.classNames
          table.add([index < names.count ? names[index] : "\(index)", "\(count)", "\(test[index])"])
        }
        table.add(["all", "\(splits.training.count)", "\(splits.test.count)"])
        for line in table.lines { StandardOutput.line(line) }
      } catch {
        throw CommandFailure(error)
      }
    }
  }
}
