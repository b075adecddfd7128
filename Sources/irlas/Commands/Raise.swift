import ArgumentParser
import IRLASDSL
import IRLASGraph
import IRLASTraining

/// `irlas raise FILE [NETWORK]`
struct Raise: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a network's graph as a program again, with all parameters closed.",
    discussion: """
      Scopes become cells, copies become `repeat`, cells of the standard library stand by name. The file may also be a
      graph in the text form that `irlas show` prints. What is written has the same `program` hash.

      Examples:
        irlas raise samples/published/resnet50.irlas --set classes=100
        irlas show samples/digits.irlas > digits.graph; irlas raise digits.graph -o digits-again.irlas
      """)

  @OptionGroup var source: ProgramOptions

  @Option(name: [.customShort("o"), .long], help: "Writes to a file.", completion: .file())
  var output: String?

  func run() throws {
    let graph = try graph()
    let text: String
    do throws(RaisingIssue) {
      text = try raise(graph).text
    } catch {
      throw CommandFailure.input(error.description)
    }
    if let output {
      try OutputFile.write(Array(text.utf8), to: output)
    } else {
      StandardOutput.write(text)
    }
  }

  /// The graph of the network, or the one that the file holds as text.
  private func graph() throws -> Graph {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try FileBytes.read(source.file, limit: SourceFile.maximumSize)
    } catch {
      throw CommandFailure(error)
    }
    guard bytes.starts(with: Array("irlas graph".utf8)) else {
      return try source.elaborate().elaboration.graph
    }
    do throws(GraphTextError) {
      return try Graph(parsing: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw CommandFailure.input("\(source.file):\(error)")
    }
  }
}
