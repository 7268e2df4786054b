/* Copies of graphs, so that one float model serves many attempts. */
#ifndef PCL_TOOLS_CONVERT_GRAPH_COPY_H
#define PCL_TOOLS_CONVERT_GRAPH_COPY_H

#include "model/graph.h"

/* Lists every tensor that a node or the graph mentions in graph->tensors; its
 * place in the list is its number, which copies keep. */
pcl_status pcl_graph_number(pcl_graph *graph);

/* Copies a numbered graph: nodes and tensors are the copy's own, the data of
 * constants stays shared. `to` comes with its arena and error set; tensor i of
 * the one is tensor i of the other. */
pcl_status pcl_graph_copy(const pcl_graph *from, pcl_graph *to);

#endif
