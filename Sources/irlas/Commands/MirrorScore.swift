import ArgumentParser
import IRLASGraph
import IRLASJSON
import IRLASSearch

extension MirrorCommand {
  /// `irlas mirror score FILE...`
  struct Score: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tells how like the expert networks are.",
      discussion: """
        The score is 1 for the expert itself and 0 for the mean of the space's random blocks; the likeness is the share of \
        those blocks that score no higher. A file with several networks is named FILE:NETWORK.

        Example:
          irlas mirror score samples/published/*.irlas --mirror resnext.mirror
        """)

    @Argument(
      help: "The programs (.irlas), as FILE or FILE:NETWORK.", completion: .file(extensions: ["irlas"]))
    var files: [String]

    @Option(
      name: .shortAndLong, help: "The mirror, as `irlas mirror learn` writes it.",
      completion: .file(extensions: ["mirror"]))
    var mirror: String

    @Option(help: "text, or json: a line for each network.")
    var format = OutputFormat.text

    func run() throws {
      let reader = try MirrorFile.read(mirror)
      var table = Table([
        ("network", .left), ("score", .right), ("likeness", .right), ("most like", .left), ("file", .left),
      ])
      for file in files {
        let reference = NetworkReference(file)
        let graph = try reference.elaborate()
        let row = reader.row(TopologyFeatures(TopologyView(graph)))
        let (expert, score) = reader.mirror.match(row)
        let likenesses = reader.mirror.likenesses(row)
        switch format {
        case .json:
          StandardOutput.line(
            JSON.object([
              .init("file", .string(reference.file)),
              .init("network", .string(graph.name)),
              .init("score", .number(score)),
              .init("likeness", .number(likenesses.max() ?? 0)),
              .init("expert", .string(reader.mirror.experts[expert].name)),
              .init(
                "experts",
                .array(
                  zip(reader.mirror.experts, likenesses).map { expert, likeness in
                    .object([
                      .init("name", .string(expert.name)),
                      .init("score", .number(reader.mirror.score(row, of: expert))),
                      .init("likeness", .number(likeness)),
                    ])
                  })),
            ]).line)
        case .text:
          table.add([
            graph.name, decimal(score, 3), percent(likenesses.max() ?? 0),
            reader.mirror.experts[expert].name, reference.file,
          ])
        }
      }
      guard format == .text else { return }
      for line in table.lines { StandardOutput.line(line) }
    }
  }
}
