-- Once for a cluster, by its administrator: who reads joins this group, as IAM's DbGroups or tags say.
create group sparkify_reader;
