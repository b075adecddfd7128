@main struct IRLAS { static func main() {} }
