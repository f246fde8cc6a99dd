// The reader by itself: what it takes, and a sentence for everything that it doesn't.
#include "topologies/graphml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Two lines, then what is given.
const std::string kKeys =
    "<graphml><key id='l' for='node' attr.name='label' attr.type='string'/>"
    "<key id='w' for='edge' attr.name='weight' attr.type='double'><default>2.5</default></key>\n"
    "<key id='n' for='all' attr.name='number' attr.type='int'/>"
    "<key id='b' for='node' attr.name='open' attr.type='boolean'/>\n";
const std::string kEnd = "</graph></graphml>";

GraphmlDocument graph_of(const std::string& elements,
                         const std::string& attributes = "edgedefault='undirected'") {
  return parse_graphml(kKeys + "<graph " + attributes + ">" + elements + kEnd, "g");
}

std::string error_of(const std::string& text) {
  try {
    parse_graphml(text, "g");
  } catch (const ScenarioError& problem) {
    return problem.what();
  }
  return "no error";
}
// The graph begins in line 3.
std::string error_in(const std::string& elements,
                     const std::string& attributes = "edgedefault='undirected'") {
  return error_of(kKeys + "<graph " + attributes + ">" + elements + kEnd);
}

TEST(Graphml, HoldsWhatTheFileSays) {
  const GraphmlDocument document = graph_of(
      "<desc>a graph</desc><node id='a'><data key='l'>A &amp; B</data><data key='n'> -7 </data>"
      "</node>\n<edge source='b' target='a'><data key='w'>+1e3</data></edge>\n<node id='b'/>"
      "<edge source='a' target='b' directed='true' id='e'/>");
  EXPECT_FALSE(document.directed);
  ASSERT_EQ(document.nodes.size(), 2u);
  ASSERT_EQ(document.edges.size(), 2u);
  EXPECT_EQ(document.nodes[0].id, "a");
  EXPECT_EQ(document.nodes[0].line, 3);
  EXPECT_EQ(document.nodes[1].line, 5);
  EXPECT_EQ(document.edges[0].line, 4);
  EXPECT_EQ(document.edges[0].source, 1u);
  EXPECT_EQ(document.edges[0].target, 0u);
  EXPECT_FALSE(document.edges[0].directed);
  EXPECT_TRUE(document.edges[1].directed);
  const auto label = document.node_key("label");
  EXPECT_EQ(*document.value(document.nodes[0], label), "A & B");
  EXPECT_EQ(document.value(document.nodes[1], label), nullptr);
  EXPECT_EQ(*document.value(document.nodes[0], document.node_key("number")), " -7 ");
  const auto weight = document.edge_key("weight");
  EXPECT_EQ(*document.value(document.edges[0], weight), "+1e3");
  EXPECT_EQ(*document.value(document.edges[1], weight), "2.5") << "the default";
}

TEST(Graphml, KeysAreForWhatTheySay) {
  const GraphmlDocument document = graph_of("");
  EXPECT_TRUE(document.node_key("number"));
  EXPECT_TRUE(document.edge_key("number"));
  EXPECT_FALSE(document.edge_key("label"));
  EXPECT_FALSE(document.node_key("weight"));
  EXPECT_EQ(document.value(GraphmlNode{}, std::nullopt), nullptr);
}

TEST(Graphml, EdgesAreAsTheGraphSaysUnlessTheySaySo) {
  const GraphmlDocument document = graph_of(
      "<node id='a'/><edge source='a' target='a'/><edge source='a' target='a' "
      "directed='0'/>",
      "edgedefault='directed' id='' parse.nodes='1'");
  EXPECT_TRUE(document.directed);
  EXPECT_TRUE(document.edges[0].directed);
  EXPECT_FALSE(document.edges[1].directed);
}

TEST(Graphml, TypesAreThoseOfTheFormatAndInteger) {
  for (const char* type : {"boolean", "int", "integer", "long", "float", "double", "string"}) {
    const GraphmlDocument document = parse_graphml(
        std::string("<graphml><key id='k' for='node' attr.name='k' attr.type='") + type +
            "'/><graph edgedefault='directed'><node id='a'><data key='k'>1</data></node>" + kEnd,
        "g");
    const std::string expected = std::string(type) == "integer" ? "int" : type;
    EXPECT_EQ(name(document.keys[0].type), expected);
    EXPECT_EQ(is_number(document.keys[0].type), expected != "boolean" && expected != "string");
  }
}

// 2^31 and 2^63 are the first beyond.
TEST(Graphml, ValuesReadAsTheirTypes) {
  const auto takes = [](const std::string& type, const std::string& value) {
    return error_of("<graphml><key id='k' for='node' attr.name='k' attr.type='" + type +
                    "'/>\n<graph edgedefault='directed'><node id='a'><data key='k'>" + value +
                    "</data></node>" + kEnd);
  };
  for (const auto& [type, value] :
       std::vector<std::pair<std::string, std::string>>{{"int", "2147483647"},
                                                        {"int", "-2147483648"},
                                                        {"long", "9223372036854775807"},
                                                        {"float", "1e-5"},
                                                        {"double", "-.5"},
                                                        {"boolean", "true"},
                                                        {"boolean", "0"},
                                                        {"string", ""}}) {
    EXPECT_EQ(takes(type, value), "no error") << type << " " << value;
  }
  for (const auto& [type, value] :
       std::vector<std::pair<std::string, std::string>>{{"int", "2147483648"},
                                                        {"int", "1.5"},
                                                        {"int", ""},
                                                        {"int", "++1"},
                                                        {"int", "+-1"},
                                                        {"long", "9223372036854775808"},
                                                        {"float", "one"},
                                                        {"double", "nan"},
                                                        {"double", "INF"},
                                                        {"double", "-inf"},
                                                        {"double", "1e999"},
                                                        {"double", "0x10"},
                                                        {"double", "1,5"},
                                                        {"boolean", "yes"}}) {
    EXPECT_EQ(takes(type, value),
              "g:2: the attribute 'k' is of type " + type + ", and '" + value + "' is not");
  }
}

TEST(GraphmlErrors, NameTheLine) {
  EXPECT_EQ(error_of(""), "g:1: is not XML (no element found)");
  EXPECT_EQ(error_of("{}"), "g:1: is not XML (not well-formed (invalid token))");
  EXPECT_EQ(error_of("<graphml>\n</graph>"), "g:2: is not XML (mismatched tag)");
  EXPECT_EQ(error_of("<graphml>\n\n"), "g:3: is not XML (no element found)");
  EXPECT_EQ(error_of("<graphml/>"), "g:1: holds no <graph>");
  EXPECT_EQ(error_of("<html/>"), "g:1: is not GraphML: begins with <html>, not <graphml>");
  EXPECT_EQ(error_of("<graphml/>x"), "g:1: is not XML (junk after document element)");
  EXPECT_EQ(error_of("<graphml>\xff</graphml>"),
            "g:1: is not XML (not well-formed (invalid token))");
  EXPECT_EQ(error_of("<?xml version='1.0' encoding='klingon'?><graphml/>"),
            "g:1: is not XML (unknown encoding)");
}

// A document type could declare entities that grow to any size, or name files.
TEST(GraphmlErrors, NoDocumentTypes) {
  const std::string laughs =
      "<!DOCTYPE graphml [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]>\n<graphml>&b;</graphml>";
  EXPECT_EQ(error_of(laughs), "g:1: a document type (<!DOCTYPE>) has no place in a graph");
  EXPECT_EQ(error_of("<!DOCTYPE graphml SYSTEM 'file:///etc/passwd'><graphml/>"),
            "g:1: a document type (<!DOCTYPE>) has no place in a graph");
  EXPECT_EQ(error_in("&b;"), "g:3: is not XML (undefined entity)");
}

TEST(GraphmlErrors, Keys) {
  const auto key = [](const std::string& attributes) {
    return error_of("<graphml>\n<key " + attributes + "/></graphml>");
  };
  EXPECT_EQ(key("for='node'"), "g:2: <key> lacks the attribute 'id'");
  EXPECT_EQ(key("id='' for='node'"), "g:2: the attribute 'id' of <key> is empty");
  EXPECT_EQ(key("id='k' for='node'"),
            "g:2: the key 'k' has no attr.name: only attributes of simple types are supported");
  EXPECT_EQ(key("id='k' for='vertex' attr.name='x'"),
            "g:2: 'vertex' is nothing that a key could be for (one of all, graph, node, edge, "
            "hyperedge, port, endpoint)");
  EXPECT_EQ(key("id='k' attr.name='x' attr.type='number'"),
            "g:2: 'number' is no type of GraphML (one of boolean, int, integer, long, float, "
            "double, string)");
  EXPECT_EQ(key("id='k' attr.nam='x'"),
            "g:2: <key> has the unknown attribute 'attr.nam'; did you mean 'attr.name'?");
  EXPECT_EQ(key("id='k' attr.name='x'/>\n<key id='k' attr.name='y'"),
            "g:3: the key 'k' is declared twice");
  EXPECT_EQ(key("id='k' for='node' attr.name='x'/>\n<key id='m' attr.name='x'"),
            "g:3: the attribute 'x' of nodes is declared twice, first in line 2");
  EXPECT_EQ(key("id='k' for='node' attr.name='x'/>\n<key id='m' for='edge' attr.name='x'"),
            "g:3: holds no <graph>");
  EXPECT_EQ(error_of("<graphml><key id='k' attr.name='x' attr.type='int'><default>one</default>"),
            "g:1: the attribute 'x' is of type int, and 'one' is not");
  EXPECT_EQ(
      error_of("<graphml><key id='k' attr.name='x'><default>a</default>\n<default>b</default>"),
      "g:2: a key has more than one <default>");
}

TEST(GraphmlErrors, NodesAndEdges) {
  EXPECT_EQ(error_in("\n<node/>"), "g:4: <node> lacks the attribute 'id'");
  EXPECT_EQ(error_in("<node id='a'/>\n<node id='a'/>"),
            "g:4: two nodes have the id 'a', the first in line 3");
  EXPECT_EQ(error_in("<node id='a'/>\n<edge source='a' target='b'/>\n"),
            "g:4: the edge leads to 'b', and no node has this id");
  EXPECT_EQ(error_in("<node id='a'/>\n<edge source='c' target='a'/>\n"),
            "g:4: the edge leads to 'c', and no node has this id");
  EXPECT_EQ(error_in("<edge source='a'/>"), "g:3: <edge> lacks the attribute 'target'");
  EXPECT_EQ(error_in("<edge sorce='a'/>"),
            "g:3: <edge> has the unknown attribute 'sorce'; did you mean 'source'?");
  EXPECT_EQ(error_in("<node id='a'/><edge source='a' target='a' directed='yes'/>"),
            "g:3: directed is true or false, not 'yes'");
  EXPECT_EQ(error_in("", ""), "g:3: <graph> lacks the attribute 'edgedefault'");
  EXPECT_EQ(error_in("", "edgedefault='both'"),
            "g:3: edgedefault is directed or undirected, not 'both'");
  EXPECT_EQ(error_in("</graph>\n<graph edgedefault='directed'>"),
            "g:4: holds more than one <graph>");
  EXPECT_EQ(error_in("<node id='" + std::string(201, 'x') + "'/>"),
            "g:3: the attribute 'id' of <node> has more than 200 bytes");
}

TEST(GraphmlErrors, Data) {
  EXPECT_EQ(error_in("<node id='a'>\n<data>x</data></node>"),
            "g:4: <data> lacks the attribute 'key'");
  EXPECT_EQ(error_in("<node id='a'>\n<data key='ll'>x</data></node>"),
            "g:4: no key 'll' is declared above");
  EXPECT_EQ(error_in("<node id='a'>\n<data key='w'>1</data></node>"),
            "g:4: the key 'w' is not declared for nodes");
  EXPECT_EQ(error_in("<node id='a'/><edge source='a' target='a'>\n<data key='l'>1</data></edge>"),
            "g:4: the key 'l' is not declared for edges");
  EXPECT_EQ(error_in("<node id='a'><data key='l'>x</data>\n<data key='l'>y</data></node>"),
            "g:4: the attribute 'label' is given twice");
  EXPECT_EQ(error_in("<node id='a'><data key='l'>\n<b>x</b></data></node>"),
            "g:4: <data> holds <b>, and only text is supported");
  EXPECT_EQ(error_in("<node id='a'>\n words </node>"),
            "g:4: the text 'words' stands outside of <data>");
}

TEST(GraphmlErrors, WhatIsLeftOutOfTheFormat) {
  EXPECT_EQ(error_in("<node id='a'>\n<graph edgedefault='directed'/></node>"),
            "g:4: graphs within nodes or edges are not supported");
  EXPECT_EQ(error_in("<hyperedge/>"), "g:3: hyperedges are not supported");
  EXPECT_EQ(error_in("<node id='a'><port name='p'/></node>"), "g:3: ports are not supported");
  EXPECT_EQ(error_in("<node id='a'/><edge source='a' target='a' sourceport='p'/>"),
            "g:3: ports are not supported");
  EXPECT_EQ(error_in("<vertex id='a'/>"), "g:3: <vertex> has no place in <graph>");
  EXPECT_EQ(error_in("<node id='a'><node id='b'/></node>"), "g:3: <node> has no place in <node>");
}

TEST(GraphmlErrors, AreOneLineWhateverTheFileHolds) {
  const std::string error = error_in("<node id='a&#10;b'/><node id='a&#10;b'/>");
  EXPECT_THAT(error, StartsWith("g:3: two nodes have the id 'a\\nb'"));
  EXPECT_EQ(error.find('\n'), std::string::npos);
}

std::string many(std::size_t count, const std::string& before, const std::string& after) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += before + std::to_string(i) + after;
  return text;
}

TEST(GraphmlBounds, HoldExactly) {
  const std::string nodes = many(kMaxGraphmlNodes, "<node id='", "'/>");
  EXPECT_EQ(graph_of(nodes).nodes.size(), kMaxGraphmlNodes);
  EXPECT_EQ(error_in(nodes + "<node id='x'/>"), "g:3: has more than 100000 nodes");
  std::string edges = "<node id='a'/>";
  for (std::size_t i = 0; i < kMaxGraphmlEdges; ++i) edges += "<edge source='a' target='a'/>";
  EXPECT_EQ(graph_of(edges).edges.size(), kMaxGraphmlEdges);
  EXPECT_EQ(error_in(edges + "<edge source='a' target='a'/>"), "g:3: has more than 1000000 edges");
  EXPECT_THAT(error_of("<graphml>" +
                       many(kMaxGraphmlKeys + 1, "<key attr.name='k' for='graph' id='", "'/>")),
              HasSubstr("declares more than 1000 keys"));
}

TEST(GraphmlBounds, OfTexts) {
  const auto label = [](std::size_t size) {
    return "<node id='a'><data key='l'>" + std::string(size, 'x') + "</data></node>";
  };
  EXPECT_NO_THROW(graph_of(label(kMaxGraphmlText)));
  EXPECT_EQ(error_in(label(kMaxGraphmlText + 1)), "g:3: a text has more than 65536 bytes");
  std::string file = kKeys + "<graph edgedefault='directed'>" + kEnd;
  file += std::string(kMaxGraphmlBytes - file.size(), '\n');
  EXPECT_NO_THROW(parse_graphml(file, "g"));
  EXPECT_EQ(error_of(file + " "), "g: is larger than the 33554432 bytes that a graph may have");
}

// Any bytes give a graph or a ScenarioError.
TEST(Graphml, AnyBytesAreRefusedInOrder) {
  const std::string valid = kKeys +
                            "<graph edgedefault='directed'><node id='a'><data key='n'>1</data>"
                            "</node><edge source='a' target='a'/>" +
                            kEnd;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    for (const char c : {'\0', '\xff', '<', '>', '&', '\'', '/', 'x'}) {
      std::string bytes = valid;
      bytes[i] = c;
      const std::string error = error_of(bytes);
      EXPECT_TRUE(error == "no error" || error.starts_with("g:")) << error;
    }
    EXPECT_THAT(error_of(valid.substr(0, i)), StartsWith("g:"));
  }
}

}  // namespace
}  // namespace understudy
