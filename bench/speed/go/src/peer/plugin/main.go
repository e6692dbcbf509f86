// The process of a plugin, which answers.
package main

import (
	plugin "github.com/hashicorp/go-plugin"

	"peer/wire"
)

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: wire.Handshake,
		Plugins:         wire.Plugins,
		GRPCServer:      plugin.DefaultGRPCServer,
	})
}
