#!/bin/sh
# What cxpulse may do in a cluster with authorisation: read its topics and be a member of its group. Nothing on the cluster, no write, no create.
#
#   deploy/kafka/acls.sh kafka-1:9093 admin.properties | sh
#
# prints the commands, so that they can be read first; the pipe runs them. admin.properties is the client configuration of somebody who may
# change ACLs. Names are exact, never prefixes: a prefix would also cover topics that do not exist yet.
set -eu

brokers=${1:?"usage: $0 BROKERS ADMIN_PROPERTIES"}
properties=${2:?"usage: $0 BROKERS ADMIN_PROPERTIES"}

# The user of kafka.properties."sasl.username", or the subject of its certificate.
user=${CXPULSE_USER:-User:cxpulse}
group=${CXPULSE_GROUP:-cxpulse}
topics=${CXPULSE_TOPICS:-tickets chats surveys customers}

acls="kafka-acls.sh --bootstrap-server $brokers --command-config $properties --add --allow-principal '$user' --resource-pattern-type literal"

for topic in $topics; do
    # Read includes Describe.
    echo "$acls --operation Read --topic $topic"
    # Only for `cxpulse check --connect`, which then compares retention and timestamps with the configuration. May be left out.
    echo "$acls --operation DescribeConfigs --topic $topic"
done
echo "$acls --operation Read --group $group"
