// Package wire is what plugin and host share: the messages of peer.proto, and the stream that they travel on.
package wire

import (
	"context"

	"github.com/golang/protobuf/proto"
	plugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

// Params, Call and Verdict are those of peer.proto, written by hand so that no generator is needed.
type Params struct {
	Aid     uint64 `protobuf:"fixed64,1,opt,name=aid,proto3"`
	ID      uint64 `protobuf:"fixed64,2,opt,name=id,proto3"`
	Refid   uint64 `protobuf:"fixed64,3,opt,name=refid,proto3"`
	Groupid uint64 `protobuf:"fixed64,4,opt,name=groupid,proto3"`
	Flags   uint64 `protobuf:"fixed64,5,opt,name=flags,proto3"`
	Type    uint64 `protobuf:"fixed64,6,opt,name=type,proto3"`
	Expiry  uint64 `protobuf:"fixed64,7,opt,name=expiry,proto3"`
	Uflags  uint64 `protobuf:"fixed64,8,opt,name=uflags,proto3"`
	Status  uint64 `protobuf:"fixed64,9,opt,name=status,proto3"`
	Sid     uint64 `protobuf:"fixed64,10,opt,name=sid,proto3"`
	Device  uint64 `protobuf:"fixed64,11,opt,name=device,proto3"`
	To      []byte `protobuf:"bytes,12,opt,name=to,proto3"`
	From    []byte `protobuf:"bytes,13,opt,name=from,proto3"`
}

type Call struct {
	Slot    uint64  `protobuf:"fixed64,1,opt,name=slot,proto3"`
	Params  *Params `protobuf:"bytes,2,opt,name=params,proto3"`
	Payload []byte  `protobuf:"bytes,3,opt,name=payload,proto3"`
}

type Verdict struct {
	Slot  uint64 `protobuf:"fixed64,1,opt,name=slot,proto3"`
	Value int32  `protobuf:"zigzag32,2,opt,name=value,proto3"`
}

func (m *Params) Reset()          { *m = Params{} }
func (m *Params) String() string  { return proto.CompactTextString(m) }
func (*Params) ProtoMessage()     {}
func (m *Call) Reset()            { *m = Call{} }
func (m *Call) String() string    { return proto.CompactTextString(m) }
func (*Call) ProtoMessage()       {}
func (m *Verdict) Reset()         { *m = Verdict{} }
func (m *Verdict) String() string { return proto.CompactTextString(m) }
func (*Verdict) ProtoMessage()    {}

// Method is the path of the stream.
const Method = "/peer.Module/Run"

// Handshake is how plugin and host know each other.
var Handshake = plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "MESIBO_BENCH", MagicCookieValue: "peer"}

// Plugins is what the plugin offers.
var Plugins = map[string]plugin.Plugin{"module": Module{}}

// Service describes the stream in both directions.
var Service = grpc.ServiceDesc{
	ServiceName: "peer.Module",
	HandlerType: (*interface{})(nil),
	Streams:     []grpc.StreamDesc{{StreamName: "Run", Handler: answer, ServerStreams: true, ClientStreams: true}},
}

// Answers each call with a constant until the host has gone.
func answer(_ interface{}, stream grpc.ServerStream) error {
	for {
		call := new(Call)
		if err := stream.RecvMsg(call); err != nil {
			return nil
		}
		if err := stream.SendMsg(&Verdict{Slot: call.Slot}); err != nil {
			return err
		}
	}
}

// Module is the plugin as go-plugin sees it.
type Module struct{ plugin.NetRPCUnsupportedPlugin }

func (Module) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	server.RegisterService(&Service, struct{}{})
	return nil
}

func (Module) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, client *grpc.ClientConn) (interface{}, error) {
	return client, nil
}
