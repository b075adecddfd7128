import ArgumentParser
import IRLASDSL
import IRLASGraph
import IRLASSearch
import IRLASTraining

/// `irlas nsc FILE [NAME]`, `irlas nsc --from ROWS`
struct NSC: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nsc",
    abstract: "Writes a block as rows of the network structure code, or rows as a program.",
    discussion: """
      A row is (index, type, kernel, pred1, pred2); types are 1 convolution, 2 max pool, 3 average pool, 4 identity,
      5 sum, 6 concat, 7 the end; predecessor 0 is the block's input. A sixth entry says how a convolution's channels are
      connected: a number of groups, `dw` or `sep`. Rows have no widths: `--channels` gives them one.

      Examples:
        irlas nsc samples/published/irlas_mobile.irlas
        irlas nsc samples/published/resnext29.irlas > rows.txt; irlas nsc --from rows.txt --channels 64
      """)

  @Argument(help: "The program (.irlas).", completion: .file(extensions: ["irlas"]))
  var file: String?

  @Argument(help: "The network or cell; needed when the file has more than one network.")
  var name: String?

  @Option(help: ArgumentHelp("The cell, by its name, that is the block.", valueName: "name"))
  var cell: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Gives a parameter of the network another value.", valueName: "param=value"))
  var settings: [String] = []

  @Option(help: ArgumentHelp("Reads rows from a file.", valueName: "file"), completion: .file())
  var from: String?

  @Option(help: "With --from: the channels of the block's input and of every convolution.")
  var channels = 32

  @Option(help: "With --from: the height and width of the block's input.")
  var size = 16

  @Flag(help: "With --from: convolutions without a sixth entry are separable, as in the IRLAS paper.")
  var separable = false

  @Flag(help: "One line per message.")
  var short = false

  func run() throws {
    if let from {
      guard file == nil, cell == nil, settings.isEmpty else {
        throw CommandFailure.usage("--from reads rows: it takes no program, --cell or --set")
      }
      try printProgram(from)
      return
    }
    guard let file else { throw CommandFailure.usage("name a program, or rows with --from") }
    let block = try BlockChoice(
      file: file, name: name, cell: cell, settings: settings, short: short
    ).block()
    do throws(NetworkStructureCode.Inexpressible) {
      let code = try NetworkStructureCode(block.view)
      StandardOutput.line("\(code)")
    } catch {
      let place = block.cell.map { "\($0) of \(block.graph.name)" } ?? block.graph.name
      throw CommandFailure.input("\(place) is no network structure code: \(error)")
    }
  }

  private func printProgram(_ path: String) throws {
    guard channels >= 1, size >= 1 else { throw CommandFailure.usage("--channels and --size are at least 1") }
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try FileBytes.read(path, limit: SourceFile.maximumSize)
    } catch {
      throw CommandFailure(error)
    }
    let code: NetworkStructureCode
    do throws(NetworkStructureCode.Issue) {
      code = try NetworkStructureCode(parsing: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw CommandFailure.input("\(path): \(error)")
    }
    let graph: Graph
    do throws(ShapeIssue) {
      graph = try code.graph(
        name: "Block", input: .image(channels, size, size), channels: channels,
        style: separable ? .separable : .plain, isFitting: true)
    } catch {
      throw CommandFailure.input("\(path): the rows do not fit together at \(channels) channels: \(error)")
    }
    do throws(RaisingIssue) {
      StandardOutput.write(try raise(graph).text)
    } catch {
      throw CommandFailure.input("\(path): \(error)")
    }
  }
}
