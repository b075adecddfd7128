import ArgumentParser
import IRLASTraining

extension StudyCommand {
  /// `irlas study report DIR`
  struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Writes a page about a study: what was found beside the expert, why, and how the search went.",
      discussion: """
        The page needs nothing else: send it to whom you like. A search that ends writes it too.

        Example:
          irlas study report study -o report.html
        """)

    @Argument(help: "The study.", completion: .directory)
    var folder: String

    @Option(
      name: [.customShort("o"), .long], help: "The page to write; DIR/report.html by default.",
      completion: .file(extensions: ["html"]))
    var output: String?

    func run() throws {
      let path = output ?? FileBytes.join(folder, "report.html")
      try StudyReporting(study: try OpenStudy(folder)).write(to: path)
      StandardOutput.line(path)
    }
  }
}
